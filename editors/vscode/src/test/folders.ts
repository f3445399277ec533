// A workspace of two folders, and a third one that comes and goes.
import * as assert from "node:assert/strict";
import * as path from "node:path";
import * as vscode from "vscode";
import { activate, api, replacing, type Tests, until } from "./support";

const names = () => api.view.files.flatMap((one) => one.hits.map((node) => node.hit.name));
const paths = () => api.view.files.map((one) => one.path);
const folders = () => [...api.server.folders.values()];
const complete = (count: number) => folders().filter((folder) => folder.state === "ready").length === count;

export const tests: Tests = [
  [
    "every folder of the workspace is indexed",
    async () => {
      await activate();
      await until("both indexes", () => complete(2));
      assert.deepEqual(new Set(folders().map((folder) => folder.name)), new Set(["workspace", "Second one"]));
      assert.match(String(api.statusBar.item.text), /Codanna/);
    },
  ],
  [
    "one answer has hits of both folders, each with the name of its folder",
    async () => {
      const search = api.search("settings of the garden fence");
      const hits = await until("results of both", () => {
        const shown = search.pick.items.filter((item) => item.hit).map((item) => String(item.description));
        return ["workspace/", "Second one/"].every((name) => shown.some((line) => line.includes(name))) ? shown : undefined;
      });
      assert.ok(hits.includes("Second one/config/settings.py:1"), hits.join("; "));
      search.pick.hide();
    },
  ],
  [
    "the folder filter tells apart folders of the same name, and takes whole folders of the workspace",
    async () => {
      await api.view.search("settings");
      assert.ok(paths().includes("workspace/config/settings.py") && paths().includes("Second one/config/settings.py"));
      await api.view.setFilters({ paths: ["Second one/config/"] });
      assert.deepEqual(paths(), ["Second one/config/settings.py"]);
      await api.view.setFilters({ paths: ["workspace/config/"] });
      assert.deepEqual(paths(), ["workspace/config/settings.py"]);
      let offered: (string | undefined)[] = [];
      const choose = async (items: { key?: string; value?: string }[]) => {
        offered = items.filter((item) => item.key === "paths").map((item) => item.value);
        return items.filter((item) => item.value === "Second one/");
      };
      await replacing(vscode.window, "showQuickPick", choose as unknown as typeof vscode.window.showQuickPick, async () => {
        await vscode.commands.executeCommand("codanna.view.filter");
      });
      assert.ok(offered.includes("workspace/") && offered.includes("workspace/config/"), offered.join());
      assert.deepEqual(paths(), ["Second one/config/settings.py"]);
      await vscode.commands.executeCommand("codanna.view.clearFilters");
    },
  ],
  [
    "a result opens in its own folder, and similar code is found from there",
    async () => {
      await api.view.search("paint the garden fence");
      await vscode.commands.executeCommand("codanna.view.open", api.view.files[0].hits[0]);
      const opened = vscode.window.activeTextEditor!.document;
      assert.equal(vscode.workspace.getWorkspaceFolder(opened.uri)?.name, "Second one");
      await vscode.commands.executeCommand("codanna.similar");
      assert.ok(names().length > 0 && !names().includes("paint_the_fence"), names().join());
    },
  ],
  [
    "a folder that is added while the server runs is found, by the same server",
    async () => {
      const { pid } = (await api.server.status()).server;
      const third = vscode.Uri.joinPath(vscode.Uri.file(path.dirname(vscode.workspace.workspaceFile!.fsPath)), "third");
      assert.ok(vscode.workspace.updateWorkspaceFolders(2, 0, { uri: third }));
      await until("three indexes", () => complete(3));
      await api.view.search("steer the boat into the harbour");
      assert.equal(paths()[0], "third/boats.py");
      assert.equal((await api.server.status()).server.pid, pid);
    },
  ],
  [
    "a folder that is removed is found no more, and the status bar forgets it",
    async () => {
      assert.ok(vscode.workspace.updateWorkspaceFolders(2, 1));
      await until("two folders", () => folders().length === 2);
      await until("no hit of it", async () => {
        await api.view.search("steer the boat into the harbour");
        return !names().includes("sail_home");
      });
      assert.ok(!(api.statusBar.item.tooltip as vscode.MarkdownString).value.includes("third"));
    },
  ],
  [
    "a saved edit in the second folder is found",
    async () => {
      const target = vscode.Uri.joinPath(vscode.workspace.workspaceFolders![1].uri, "config/settings.py");
      const document = await vscode.workspace.openTextDocument(target);
      const edit = new vscode.WorkspaceEdit();
      const text = '\n\ndef frobnicate_the_gizmo() -> None:\n    """Turn the wobbly gizmo upside down."""\n';
      edit.insert(target, document.lineAt(document.lineCount - 1).range.end, text);
      await vscode.workspace.applyEdit(edit);
      await document.save();
      await until("the new function", async () => {
        const { hits } = await api.server.search({ query: "turn wobbly gizmo upside down" });
        return hits[0]?.name === "frobnicate_the_gizmo";
      });
    },
  ],
];
