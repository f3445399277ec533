// A workspace from somewhere brings its own settings and programs. Trust changes nothing about them: what it may not
// do is the same before and after.
import * as assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as vscode from "vscode";
import { explicitSettings } from "../settings";
import { activate, api, calls, configuration, file, press, ready, type Tests, until } from "./support";

/** What the settings file of the workspace asks for, as the driver wrote it. */
async function asked(): Promise<Record<string, unknown>> {
  return JSON.parse(await fs.readFile(file(".vscode/settings.json").fsPath, "utf8"));
}

async function nothingOfTheWorkspaceCounts(): Promise<void> {
  const extension = vscode.extensions.getExtension("codanna.codanna-lsp")!;
  const wanted = await asked();
  const kept = ["codanna.search.limit", "codanna.discovery.maxFileSize"];
  assert.ok(Object.keys(wanted).length > 18, "the driver asks for every barred setting");
  for (const key of Object.keys(wanted).filter((name) => !kept.includes(name))) {
    const found = vscode.workspace.getConfiguration().inspect(key)!;
    assert.equal(found.workspaceValue, undefined, key);
    assert.notDeepEqual(vscode.workspace.getConfiguration().get(key), wanted[key], key);
  }
  assert.deepEqual(explicitSettings(extension.packageJSON), { search: { limit: 3 }, discovery: { max_file_size: 1 << 29 } });
  const [folder] = (await api.server.status()).folders;
  const { model, problems } = folder as { model: string; problems: { message: string }[] };
  assert.match(model, /^codanna-code-256@/);
  const told = problems.map((problem) => problem.message).join("\n");
  assert.match(told, /`index\.dir` in .*\.codanna\.toml, line 2 is ignored: a project may not set it/);
  assert.match(told, /`index\.workers` in .*\.codanna\.toml, line 3 is ignored: a project may not set it/);
  assert.match(told, /discovery\.max_file_size = 536870912` .* it must be from 1 to 16777216/);
  const names = (await vscode.workspace.fs.readDirectory(file(""))).map(([name]) => name);
  assert.ok(!names.includes("index"), names.join());
  assert.deepEqual(await calls(), [], "no program of the workspace runs");
  const { hits } = await api.server.search({ query: "retry failed uploads" });
  assert.equal(hits[0].name, "_send_with_backoff");
  assert.equal(hits.length, 3, "harmless settings count");
}

export const tests: Tests = [
  [
    "in an untrusted workspace the server of the PATH runs, and the workspace sets only what is found",
    async () => {
      assert.equal(vscode.workspace.isTrusted, false);
      await activate();
      await until("the index", ready);
      await nothingOfTheWorkspaceCounts();
    },
  ],
  [
    "in a trusted workspace, too",
    async () => {
      await vscode.commands.executeCommand("workbench.trust.manage");
      await press("Trust");
      await until("trust", () => vscode.workspace.isTrusted);
      await vscode.commands.executeCommand("codanna.restartServer");
      await until("the index", ready);
      await nothingOfTheWorkspaceCounts();
    },
  ],
  [
    "a workspace cannot be made to hold such a setting by the settings editor either",
    async () => {
      for (const key of ["serverPath", "serverPackage", "index.dir", "semantic.model"]) {
        await assert.rejects(
          Promise.resolve(configuration().update(key, "x", vscode.ConfigurationTarget.Workspace)),
          /can be written only into User settings|machine|Remote settings/i,
          key,
        );
      }
    },
  ],
];
