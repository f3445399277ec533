// A workspace from somewhere, which the user does not trust until the last test.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { activate, api, calls, configuration, file, press, ready, type Tests, until } from "./support";

const index = async () => (await api.server.status()).folders[0];

export const tests: Tests = [
  [
    "in an untrusted workspace the server of the PATH runs, and no program of the workspace does",
    async () => {
      assert.equal(vscode.workspace.isTrusted, false);
      await activate();
      await until("the index", ready);
      assert.deepEqual(await calls(), []);
    },
  ],
  [
    "the workspace chooses neither the model nor where the index lies",
    async () => {
      const folder = await index();
      assert.notEqual(folder.model, "a-model-of-the-workspace");
      assert.deepEqual(folder.problems, []);
      const names = (await vscode.workspace.fs.readDirectory(file(""))).map(([name]) => name);
      assert.ok(!names.includes("index"), names.join());
    },
  ],
  [
    "what could be run with consent is never named by a workspace",
    async () => {
      assert.equal(configuration().get("serverPackage"), "");
    },
  ],
  [
    "searching works, and harmless settings of the workspace count",
    async () => {
      const { hits } = await api.server.search({ query: "retry failed uploads" });
      assert.equal(hits[0].name, "_send_with_backoff");
      assert.equal(hits.length, 3);
    },
  ],
  [
    "a missing server's message says what is not used here, and leads to trust",
    async () => {
      // Cannot be answered by the workspace, whose own setting is not in force.
      await configuration().update("serverPath", "/nowhere/codanna-lsp", vscode.ConfigurationTarget.Global);
      await until("the end of the server", () => api.server.state === "missing");
      const shown = await press("Manage Trust");
      assert.deepEqual(shown, [
        "The Codanna server is not at /nowhere/codanna-lsp. " +
          "Neither the Python environment nor the choice of a workspace that you do not trust is used.",
      ]);
      await configuration().update("serverPath", undefined, vscode.ConfigurationTarget.Global);
      await until("the index", ready);
      assert.deepEqual(await calls(), []);
    },
  ],
  [
    "with trust, the server starts anew with the workspace's program, model and index",
    async () => {
      await vscode.commands.executeCommand("workbench.trust.manage");
      await press("Trust");
      await until("trust", () => vscode.workspace.isTrusted);
      await until("the workspace's program", async () => (await calls()).length > 0);
      assert.deepEqual(await calls(), ["chosen-server|serve"]);
      // By text alone, for there is no such model; its folder wins over its name.
      const { problems } = await until("an answer", async () => {
        const answer = await api.server.search({ query: "retry failed uploads" });
        return answer.hits[0]?.name === "_send_with_backoff" && answer;
      });
      assert.match(problems.map((problem) => problem.message).join(), /there is no folder .*workspace.model/);
      await vscode.workspace.fs.stat(file("index"));
    },
  ],
  [
    "the workspace's Python environment counts where no setting names a server",
    async () => {
      await configuration().update("serverPath", undefined, vscode.ConfigurationTarget.Workspace);
      await until("the environment's program", async () => (await calls()).at(-1) === "codanna-lsp|serve");
    },
  ],
];
