// What one sees and touches: rows, highlights, the field in the side bar, history, order, the preview's place.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { History } from "../history";
import type { MapPanel } from "../mapPanel";
import { highlights, wanted } from "../matches";
import { withRow } from "../preview";
import { type FileNode, fileItem, type HitNode, hitItem, tooltip } from "../rows";
import { activate, api, file, preview, ready, replacing, type Tests, until, where } from "./support";

const marked = (text: string, question: string) => highlights(text, wanted(question)).map(([start, end]) => text.slice(start, end));
const labelOf = (item: vscode.TreeItem) => (item.label as vscode.TreeItemLabel).label;

function memory(kept: unknown): vscode.Memento {
  let value = kept;
  return { keys: () => [], get: (_: string, otherwise?: unknown) => value ?? otherwise, update: async (_: string, next: unknown) => void (value = next) } as vscode.Memento;
}

export const tests: Tests = [
  [
    "words of the question are marked in names and lines, whatever their endings and spelling",
    async () => {
      await activate();
      await until("the index", ready);
      assert.deepEqual(marked("retryFailedUploads", "where are failed uploads retried"), ["retry", "Failed", "Uploads"]);
      assert.deepEqual(marked("MAX_UPLOAD_SIZE", "upload sizes"), ["UPLOAD", "SIZE"]);
      assert.deepEqual(marked("Uploading HTTPServer", "the http server for upload"), ["Uploading", "HTTP", "Server"]);
      assert.deepEqual(marked("a class of that kind", "class kind:function of the"), ["class"]);
      assert.deepEqual(marked("größe der Straße", "Größe"), ["größe"]);
      assert.deepEqual(marked("anything", ""), []);
    },
  ],
  [
    "the side bar marks the words, counts, and says aloud what a row is",
    async () => {
      await api.view.search("expired sessions of users");
      const nodes = api.view.files.flatMap((one) => one.hits);
      const node = nodes.find(({ hit }) => hit.name === "dropExpiredSessions")!;
      const item = hitItem(node, wanted("expired sessions"), true);
      const found = (item.label as vscode.TreeItemLabel).highlights!.map(([start, end]) => labelOf(item).slice(start, end));
      assert.deepEqual(found, ["Expired", "Sessions"]);
      assert.match(String(item.accessibilityInformation?.label), /^function dropExpiredSessions, web\/session\.ts, line 19\. \S/);
      const session = fileItem(node.file);
      assert.equal(session.description, `${node.file.hits.length} · web`);
      assert.equal(session.accessibilityInformation?.label, `web/session.ts, ${node.file.hits.length} results`);
      const files = api.view.files.length;
      assert.equal(api.view.tree.description, `${nodes.length} in ${files} file${files === 1 ? "" : "s"}`);
      assert.match(String(api.statusBar.item.accessibilityInformation?.label), /^Codanna, workspace: \d+ symbols/);
    },
  ],
  [
    "a hover has the signature, the comment, and one line of reasons at its end",
    async () => {
      const { hits } = await api.server.search({ query: "drop expired sessions", limit: 1 });
      const lines = tooltip(hits[0]).value.replaceAll("&nbsp;", " ").trim().split("\n");
      assert.deepEqual(lines.filter((line) => line.startsWith("Found by ")), [lines.at(-1)]);
      assert.match(lines.at(-1)!, /^Found by [a-z ]+(, [a-z ]+)*\\?\.$/);
      assert.equal(lines[0], "```typescript");
      assert.ok(lines.includes(hits[0].signature), "the signature");
      const without = tooltip({ ...hits[0], reasons: [] }).value;
      assert.ok(!without.includes("Found by"));
    },
  ],
  [
    "results stand in the order of their relevance, if wanted, and each names its file then",
    async () => {
      const { hits } = await api.server.search({ query: "settings and sessions", limit: 50 });
      await api.view.search("settings and sessions");
      await vscode.commands.executeCommand("codanna.view.byRelevance");
      const rows = api.view.getChildren() as HitNode[];
      assert.deepEqual(rows.map(({ hit }) => hit.name), hits.map(({ name }) => name));
      assert.match(String(api.view.getTreeItem(rows[0]).description), /^\S+\/\S+:\d+ · /);
      assert.equal(api.view.getParent(rows[0]), undefined);
      const [gone] = rows;
      await vscode.commands.executeCommand("codanna.view.dismiss", gone);
      assert.ok(!api.view.getChildren().includes(gone));
      await vscode.commands.executeCommand("codanna.view.byFile");
      assert.ok((api.view.getChildren() as FileNode[]).every((node) => node.type === "file" && !node.hits.includes(gone)));
    },
  ],
  [
    "similar code is found from a result",
    async () => {
      await api.view.search("drop expired sessions");
      const node = api.view.files[0].hits[0];
      await vscode.commands.executeCommand("codanna.view.similar", node);
      assert.match(String(api.view.tree.message), /code like “dropExpiredSessions” in web\/session\.ts/);
    },
  ],
  [
    "earlier questions come back, the newest first and each once; they can be forgotten",
    async () => {
      await api.history.clear();
      await api.view.search("first question");
      await api.view.search("drop expired sessions");
      await api.view.search("first question");
      await api.view.search("not one that counts", true);
      assert.deepEqual(api.history.questions, ["first question", "drop expired sessions"]);
      const search = api.search(" ");
      await until("the history", () => search.pick.items.length === 2);
      assert.deepEqual(search.pick.items.map((item) => item.label), ["$(history) first question", "$(history) drop expired sessions"]);
      await search.accept(search.pick.items[1]);
      await until("the answer to it", () => search.pick.value === "drop expired sessions" && search.pick.items[0]?.hit);
      search.pick.hide();
      await vscode.commands.executeCommand("codanna.clearHistory");
      assert.deepEqual(api.history.questions, []);
      assert.deepEqual(new History(memory({ not: "a list" })).questions, []);
      assert.deepEqual(new History(memory(["kept", 7, null])).questions, ["kept"]);
      const full = new History(memory([]));
      for (let number = 0; number < 60; number++) {
        full.add(`question ${number}`);
      }
      assert.equal(full.questions.length, 50);
      assert.equal(full.questions[0], "question 59");
    },
  ],
  [
    "the field in the side bar asks, sorts and filters; what it is sent from elsewhere does nothing",
    async () => {
      await vscode.commands.executeCommand("codanna.view.clear");
      await api.question.received({ type: "ask", text: "  settings and sessions " });
      assert.equal(api.view.text, "settings and sessions");
      assert.equal(api.history.questions[0], "settings and sessions");
      const chips = api.question.chips();
      const kinds = chips.filter(({ key }) => key === "kinds");
      assert.ok(kinds.length > 1 && kinds.every(({ count, on }) => count! > 0 && !on));
      assert.ok(kinds.every(({ count }, place) => place === 0 || count! <= kinds[place - 1].count!), "the frequent ones first");
      await api.question.received({ type: "filter", key: "languages", value: "typescript", on: true });
      assert.deepEqual(api.view.filters, { languages: ["typescript"] });
      assert.ok(api.view.files.every(({ path }) => path.endsWith(".ts")));
      assert.ok(api.question.chips().some(({ value, on }) => value === "typescript" && on));
      await api.question.received({ type: "filter", key: "languages", value: "typescript", on: false });
      assert.deepEqual(api.view.filters, {});
      await api.question.received({ type: "order", order: "relevance" });
      assert.equal(api.view.order, "relevance");
      await api.question.received({ type: "order", order: "file" });
      for (const message of [{ type: "filter", key: "__proto__", value: "x", on: true }, { type: "ask", text: 7 }, { type: "else" }]) {
        await api.question.received(message as never);
      }
      assert.deepEqual(api.view.filters, {});
      assert.equal(api.view.text, "settings and sessions");
      await api.question.received({ type: "typed", text: "sign in" });
      await until("the answer to what is typed", () => api.view.text === "sign in");
      assert.equal(api.history.questions[0], "settings and sessions", "only what is kept goes into the history");
    },
  ],
  [
    "the preview has a row of its own below, and the arrangement of editors comes back",
    async () => {
      await vscode.commands.executeCommand("workbench.action.closeAllEditors");
      const wide = { orientation: 0, groups: [{}, {}] };
      await vscode.commands.executeCommand("vscode.setEditorLayout", wide);
      for (const [name, viewColumn] of [["docs/guide.md", 1], ["config/settings.py", 2]] as const) {
        await vscode.window.showTextDocument(file(name), { viewColumn, preview: false });
      }
      const before = await vscode.commands.executeCommand("vscode.getEditorLayout");
      const search = api.search("retry failed uploads");
      await until("the preview", () => preview(search) === "transfer.py:31");
      assert.equal(search.preview.shown?.viewColumn, vscode.ViewColumn.Three);
      // The five lines above it are for the headings that stick to the top.
      await until("the definition at the top of it", () => search.preview.shown?.visibleRanges[0].start.line === 28 - 5);
      search.pick.hide();
      await until("two groups", () => vscode.window.tabGroups.all.length === 2);
      await until("the arrangement", async () => JSON.stringify(await vscode.commands.executeCommand("vscode.getEditorLayout")) === JSON.stringify(before));
      assert.equal(where()?.split(":")[0], "settings.py");
      const next = api.search("retry failed uploads");
      await until("the preview", () => preview(next) === "transfer.py:31");
      await next.accept(next.pick.items[0]);
      assert.equal(where(), "transfer.py:31");
      assert.equal(vscode.window.activeTextEditor?.viewColumn, vscode.ViewColumn.Two, "where the search began");
      assert.equal(vscode.window.tabGroups.all.length, 2);
      await vscode.commands.executeCommand("workbench.action.closeAllEditors");
      await vscode.commands.executeCommand("vscode.setEditorLayout", { orientation: 0, groups: [{}] });
    },
  ],
  [
    "the map shows regions with words, and opens what a dot stands for and nothing else",
    async () => {
      const map = (await vscode.commands.executeCommand("codanna.showMap")) as MapPanel;
      assert.equal(map.panel.active, true);
      assert.match(map.panel.webview.html, /Content-Security-Policy" content="default-src 'none'; style-src 'nonce-\w{32}'; script-src 'nonce-\w{32}'"/);
      const [folder] = map.folders;
      assert.equal(folder.name, "workspace");
      assert.ok(folder.regions.length > 0 && folder.regions.every(({ words }) => words.length > 0));
      const symbol = folder.regions[0].symbols[0];
      await map.received({ type: "open", folder: 0, region: 0, symbol: 0 });
      assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), vscode.Uri.parse(symbol.uri).toString());
      await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
      for (const message of [{ type: "open", folder: 9, region: 0, symbol: 0 }, { type: "open", folder: "__proto__", region: 0, symbol: 0 }, { type: "open" }]) {
        await map.received(message as never);
      }
      assert.equal(vscode.window.activeTextEditor, undefined, "nothing else opens");
      const again = await vscode.commands.executeCommand("codanna.showMap");
      assert.equal(again, map, "there is one map");
      map.panel.dispose();
    },
  ],
  [
    "a row of half the height joins every arrangement",
    async () => {
      assert.deepEqual(withRow({ orientation: 0, groups: [{}] }), { orientation: 1, groups: [{ size: 1 }, { size: 1 }] });
      const side = [{ size: 300 }, { size: 500 }];
      assert.deepEqual(withRow({ orientation: 0, groups: side }), { orientation: 1, groups: [{ groups: side, size: 1 }, { size: 1 }] });
      assert.deepEqual(withRow({ orientation: 1, groups: side }), { orientation: 1, groups: [...side, { size: 800 }] });
    },
  ],
  [
    "settings have titles in words, and the server gets its own names for them",
    async () => {
      const manifest = vscode.extensions.getExtension("codanna.codanna-lsp")!.packageJSON;
      const keys = manifest.contributes.configuration.flatMap((part: { properties: object }) => Object.keys(part.properties)) as string[];
      assert.ok(keys.includes("codanna.discovery.maxFileSize"));
      assert.deepEqual(keys.filter((key) => key.includes("_")), []);
    },
  ],
  [
    "Find Similar Code is in the palette, in the editor's menu and in the menu of a result",
    async () => {
      const { menus, commands } = vscode.extensions.getExtension("codanna.codanna-lsp")!.packageJSON.contributes;
      assert.ok(commands.some((one: { command: string }) => one.command === "codanna.similar"));
      assert.ok(!menus.commandPalette.some((one: { command: string }) => one.command === "codanna.similar"));
      assert.ok(menus["editor/context"].some((one: { command: string }) => one.command === "codanna.similar"));
      assert.ok(menus["view/item/context"].some((one: { command: string }) => one.command === "codanna.view.similar"));
      let told = "";
      await vscode.commands.executeCommand("workbench.action.closeAllEditors");
      const collect = async (message: string) => void (told = message);
      await replacing(vscode.window, "showInformationMessage", collect as never, async () => {
        await vscode.commands.executeCommand("codanna.similar");
      });
      assert.equal(told, "Open a file and select the code to compare with.");
    },
  ],
];
