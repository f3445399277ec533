// Runs inside VS Code's extension host, with the full API. EXTENSION_TESTS names the suite, and the driver in
// tests/editors/vscode/exthost.mjs opens the window that fits it.
import { tests as agents } from "./agents";
import { tests as consent } from "./consent";
import { tests as folders } from "./folders";
import { tests as host } from "./host";
import { tests as looks } from "./looks";
import { tests as navigation } from "./navigation";
import type { Tests } from "./support";
import { tests as team } from "./team";
import { tests as trust } from "./trust";

const suites: Record<string, Tests> = { host, looks, trust, folders, consent, agents, navigation, team };

export async function run(): Promise<void> {
  const tests = suites[process.env.EXTENSION_TESTS ?? ""];
  let failed = 0;
  for (const [claim, body] of tests) {
    const begin = Date.now();
    try {
      await body();
      console.log(`ok - ${claim} (${Date.now() - begin} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`not ok - ${claim}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  if (failed > 0) {
    throw new Error(`${failed} failed`);
  }
}
