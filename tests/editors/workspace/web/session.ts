export interface Session {
  user: string;
  expires: number;
}

const sessions = new Map<string, Session>();

/** Check the password of a user and open a session for a day. */
export async function signIn(user: string, password: string): Promise<string> {
  if (!(await verifyPassword(user, password))) {
    throw new Error("wrong user or password");
  }
  const token = crypto.randomUUID();
  sessions.set(token, { user, expires: Date.now() + 24 * 3600 * 1000 });
  return token;
}

/** Forget every session whose time has passed. */
export function dropExpiredSessions(now = Date.now()): void {
  for (const [token, session] of sessions) {
    if (session.expires < now) {
      sessions.delete(token);
    }
  }
}

async function verifyPassword(user: string, password: string): Promise<boolean> {
  const answer = await fetch("/verify", { method: "POST", body: JSON.stringify({ user, password }) });
  return answer.ok;
}
