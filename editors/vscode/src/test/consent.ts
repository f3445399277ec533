// No server is installed: what is offered, and that nothing runs before the user agreed to exactly that.
import * as assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { activate, api, calls, configuration, press, replacing, ready, type Tests, until } from "./support";

const bin = (name: string) => path.join(os.homedir(), "bin", name);
const found = async () => (await api.server.search({ query: "retry failed uploads" })).hits[0]?.name;

export const tests: Tests = [
  [
    "without a server, searching says so and runs nothing",
    async () => {
      await activate();
      await until("the verdict", () => api.server.state === "missing");
      assert.equal(api.statusBar.item.text, "$(error) Codanna");
      const search = api.search("");
      for (const text of ["ret", "retry", "retry failed"]) {
        search.type(text);
        await until("the reason", () => search.pick.items[0]?.label.startsWith("$(error) The Codanna server is not installed."));
      }
      search.pick.hide();
      assert.deepEqual(await calls(), []);
    },
  ],
  [
    "one message announces the command, and its button runs exactly that",
    async () => {
      const shown = await press("Run It with uvx");
      assert.deepEqual(shown, [
        'The Codanna server is not installed. `uvx --from "/a/clone of it" codanna-lsp serve` would run it.',
      ]);
      await until("the index", ready);
      assert.deepEqual(await calls(), ["uvx|--from|/a/clone of it|codanna-lsp|serve"]);
      assert.equal(await found(), "_send_with_backoff");
    },
  ],
  [
    "the consent is remembered for this command",
    async () => {
      await vscode.commands.executeCommand("codanna.restartServer");
      assert.equal(api.server.state, "running");
      assert.equal((await calls()).length, 2);
    },
  ],
  [
    "it does not hold for another command: pipx is asked about anew",
    async () => {
      await fs.rm(bin("uvx"));
      await vscode.commands.executeCommand("codanna.restartServer");
      assert.equal(api.server.state, "missing");
      assert.equal((await calls()).length, 2);
      await press("Run It with pipx");
      await until("the index", ready);
      assert.deepEqual((await calls()).slice(2), ["pipx|run|--spec|/a/clone of it|codanna-lsp|serve"]);
      assert.equal(await found(), "_send_with_backoff");
    },
  ],
  [
    "where nothing is named that could be run, neither tool is offered, and the first button tells how to install",
    async () => {
      let buttons: string[] = [];
      const look = async (_: string, ...offered: string[]) => {
        buttons = offered;
        return undefined;
      };
      await replacing(vscode.window, "showErrorMessage", look as unknown as typeof vscode.window.showErrorMessage, async () => {
        await configuration().update("serverPackage", "", vscode.ConfigurationTarget.Global);
        await until("the message", () => buttons.length > 0);
      });
      assert.deepEqual(buttons, ["How to Install", "Open Settings", "Try Again"]);
      assert.equal((await calls()).length, 3);
    },
  ],
  [
    "a server that is too old is named with its version and place, and still answers",
    async () => {
      const old = path.join(os.homedir(), "old server");
      const program = "import sys, codanna_core._version as v; v.__version__ = '0.0.9'\nfrom codanna_core.cli.main import main\nsys.exit(main())\n";
      await fs.writeFile(`${old}.py`, program);
      await fs.writeFile(old, `#!/bin/sh\nexec '${process.env.PYTHON}' '${old}.py' "$@"\n`, { mode: 0o755 });
      let told: string[] = [];
      const look = async (message: string, ...buttons: string[]) => {
        told = [message, ...buttons];
        return undefined;
      };
      await replacing(vscode.window, "showWarningMessage", look as unknown as typeof vscode.window.showWarningMessage, async () => {
        await configuration().update("serverPath", old, vscode.ConfigurationTarget.Global);
        await until("the message", () => told.length > 0);
      });
      assert.deepEqual(told, [
        `The Codanna server 0.0.9 (${old}) is too old; this extension needs 0.1.0.`,
        "How to Upgrade",
      ]);
      await until("an answer", async () => (await found()) === "_send_with_backoff");
    },
  ],
];
