// Which server to start.
import { access, constants } from "node:fs/promises";
import * as path from "node:path";

export interface Found {
  command: string;
  args: string[];
  /** Where it was found, for the log. */
  from: string;
}

export interface Surroundings {
  /** The setting; empty when not set. */
  setting: string;
  searchPath: string;
  /** Where pipx and uv put programs; a window that starts without a shell often has it on no PATH. */
  userPrograms: string;
  windows: boolean;
  /** What uvx or pipx would run: a folder, a wheel or a package's name; empty when neither may be offered. */
  package: string;
  /** The command that the user agreed to, as it was announced; empty without consent. */
  agreed: string;
}

const NAME = "codanna-lsp";
const SERVE = ["serve"];

async function executable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function onPath(name: string, around: Surroundings): Promise<string | undefined> {
  return among(around.searchPath.split(around.windows ? ";" : ":"), name, around.windows);
}

async function among(folders: string[], name: string, windows: boolean): Promise<string | undefined> {
  const endings = windows ? [".exe", ".cmd", ".bat"] : [""];
  for (const folder of folders.filter(path.isAbsolute)) {
    for (const ending of endings) {
      const file = path.join(folder, name + ending);
      if (await executable(file)) {
        return file;
      }
    }
  }
  return undefined;
}

/** The tool that can run the server without an installation, if there is one and it knows what to run. */
export async function runner(around: Surroundings): Promise<Found | undefined> {
  if (!around.package) {
    return undefined;
  }
  const uvx = await onPath("uvx", around);
  if (uvx) {
    return { command: uvx, args: ["--from", around.package, NAME, ...SERVE], from: "uvx" };
  }
  const pipx = await onPath("pipx", around);
  return pipx ? { command: pipx, args: ["run", "--spec", around.package, NAME, ...SERVE], from: "pipx" } : undefined;
}

/** A runner's command as the user reads it, and agrees to it. */
export function announced({ from, args }: Found): string {
  return [from, ...args.map((part) => (/\s/.test(part) ? `"${part}"` : part))].join(" ");
}

/**
 * The server: from the user's setting, the PATH, the folder of the user's programs, or a runner that the user agreed to. Never from the workspace, whose
 * Python environment is a program of whoever wrote the code.
 */
export async function findServer(around: Surroundings): Promise<Found | undefined> {
  if (around.setting) {
    // Whoever names a server wants that one or a message, never another one.
    return (await executable(around.setting))
      ? { command: around.setting, args: SERVE, from: "the setting codanna.serverPath" }
      : undefined;
  }
  const installed = await onPath(NAME, around);
  if (installed) {
    return { command: installed, args: SERVE, from: "PATH" };
  }
  const own = await among([around.userPrograms], NAME, around.windows);
  if (own) {
    return { command: own, args: SERVE, from: "the folder of your programs" };
  }
  const tool = await runner(around);
  return tool && announced(tool) === around.agreed ? tool : undefined;
}

/** Whether a version is at least another one; unknown versions count as new enough. */
export function isAtLeast(version: string, minimum: string): boolean {
  const parts = (text: string) => text.split(".").map((part) => Number.parseInt(part, 10));
  const [have, want] = [parts(version), parts(minimum)];
  if (have.some(Number.isNaN)) {
    return true;
  }
  for (let place = 0; place < want.length; place++) {
    const difference = (have[place] ?? 0) - want[place];
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return true;
}
