// One folder, everything as it should be: every command, and what goes wrong later.
import * as assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { findServer, isAtLeast, type Surroundings } from "../find";
import { LiveSearch } from "../live";
import { type Answer, bestLine, type Folder, type Hit } from "../protocol";
import { item, QuickSearch } from "../quickSearch";
import { explicitSettings } from "../settings";
import { fileItem, hitItem, tooltip as hitTooltip } from "../rows";
import { describe, isWanting, tooltip as statusTooltip } from "../statusBar";
import { addText, inert, label, message } from "../text";
import { activate, api, collectingErrors, configuration, file, preview, ready, replacing, type Tests, until, where } from "./support";

function surroundings(changes: Partial<Surroundings>): Surroundings {
  return { setting: "", searchPath: "", userPrograms: "", windows: false, package: "", agreed: "", ...changes };
}

async function program(folder: string, name: string): Promise<string> {
  await fs.mkdir(folder, { recursive: true });
  const made = path.join(folder, name);
  await fs.writeFile(made, "#!/bin/sh\n", { mode: 0o755 });
  return made;
}

const ATTACK =
  "\u001b]0;owned\u0007\u009b\u202e\u2066\u061c\u2028$(trash) ![i](https://attacker.invalid/i.png) " +
  "[l](command:workbench.action.quit) <img src=https://attacker.invalid/i.png> ```\r\n# FORGED";
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]/u;
const ICON = /\$\([a-z]/;

/** A hit as a server would send it that knows nothing of attacks. */
function hostileHit(): Hit {
  const place = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };
  const uri = file("uploads/transfer.py").toString();
  return {
    name: ATTACK,
    kind: "function",
    symbolKind: 12,
    container: ATTACK,
    language: "python\n![i](https://attacker.invalid/i.png)",
    uri,
    path: ATTACK,
    range: place,
    selectionRange: place,
    signature: ATTACK,
    doc: ATTACK,
    snippet: [{ line: 0, text: ATTACK, best: true }],
    score: 1,
    reasons: [ATTACK],
    deprecated: false,
  };
}

/** Markdown outside of code, with what is escaped taken out: what is left means something. */
function meant(markdown: vscode.MarkdownString): string {
  assert.equal(markdown.isTrusted, undefined);
  assert.ok(!markdown.supportHtml);
  return markdown.value.replace(/^(`{3,})[\s\S]*?\n\1$/gm, "").replace(/\\[\\`*_{}[\]()#+\-!~>$]/g, "");
}

export const tests: Tests = [
  [
    "text of a workspace draws no icon, makes no link or line, and drives nothing in rows, tooltips and messages",
    async () => {
      await activate();
      const hit = hostileHit();
      const row = item(hit);
      const node = { type: "hit" as const, hit, file: { type: "file" as const, uri: hit.uri, path: ATTACK, hits: [] } };
      const leaf = hitItem(node, new Set(), true);
      const alone = hitItem(node, new Set(), false);
      const branch = fileItem(node.file);
      const spoken = [leaf, alone, branch].map((one) => one.accessibilityInformation?.label);
      const { label: leafLabel } = leaf.label as vscode.TreeItemLabel;
      const said = [leafLabel, leaf.description, alone.description, branch.description, ...spoken];
      const shown = [row.label.replace("$(symbol-function) ", ""), row.description, row.detail, ...said];
      for (const text of shown) {
        assert.equal(typeof text, "string");
        assert.doesNotMatch(String(text), ACTS);
        assert.doesNotMatch(String(text), ICON);
        assert.ok(!String(text).includes("\n"));
      }
      assert.match(String(row.label), /\\x1b\]0;owned\\x07\\x9b\\u202e/);
      const folder = { uri: "", name: ATTACK, state: "ready" as const, problems: [{ code: "x", message: ATTACK }] };
      for (const tooltip of [hitTooltip(hit), statusTooltip([folder], "running"), addText(new vscode.MarkdownString(), ATTACK)]) {
        const text = meant(tooltip).replaceAll("$(warning) ", "");
        assert.doesNotMatch(text, ACTS);
        assert.doesNotMatch(text, ICON);
        assert.doesNotMatch(text, /[<[\]`]|^#/m);
      }
      assert.doesNotMatch(message(ATTACK), /\]\(/);
      const harmless = "é 👩\u200d💻 שלום a\tb";
      assert.deepEqual([inert(harmless), label(harmless), message(harmless)], [harmless, harmless, harmless]);
    },
  ],
  [
    "activates by itself, starts the server, and the index becomes ready",
    async () => {
      await activate();
      await until("the index", ready);
      assert.equal(api.server.state, "running");
    },
  ],
  [
    "it runs where the files are: this window is a remote one, whose browser sees no file",
    async () => {
      const extension = await activate();
      assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
      assert.equal(vscode.env.uiKind, vscode.UIKind.Web);
      assert.ok(vscode.env.remoteName);
      assert.ok(vscode.workspace.workspaceFolders!.every((folder) => folder.uri.scheme === "file"));
    },
  ],
  [
    "every command of the manifest is registered",
    async () => {
      const manifest = vscode.extensions.getExtension("codanna.codanna-lsp")!.packageJSON;
      const registered = new Set(await vscode.commands.getCommands(true));
      for (const { command } of manifest.contributes.commands) {
        assert.ok(registered.has(command), command);
      }
    },
  ],
  [
    "the list searches while one types, shows kind, container, path and line, and opens the best hit",
    async () => {
      const search = api.search("");
      search.type("retry failed uploads");
      await until("results", () => search.pick.items[0]?.hit);
      const [best] = search.pick.items;
      assert.equal(best.label, "$(symbol-method) _send_with_backoff");
      assert.equal(best.description, "Transfer · uploads/transfer.py:31");
      assert.ok(best.detail);
      assert.ok(search.pick.items.every((item) => item.alwaysShow));
      await search.accept(best);
      assert.equal(where(), "transfer.py:31");
    },
  ],
  [
    "the preview follows the list, and giving up brings back the editor and the cursor",
    async () => {
      const document = await vscode.workspace.openTextDocument(file("docs/guide.md"));
      const at = new vscode.Position(4, 2);
      await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at), preview: false });
      await vscode.commands.executeCommand("codanna.search", "read the settings file");
      const search = api.search("drop expired sessions");
      await until("the preview", () => preview(search) === "session.ts:19");
      assert.equal(where(), "guide.md:5", "what one had before stays where it is");
      search.pick.hide();
      await until("the row of the preview to go", () => vscode.window.tabGroups.all.length === 1);
      assert.equal(where(), "guide.md:5");
    },
  ],
  [
    "results are kept while the next ones load, and only the last question is shown",
    async () => {
      const shown: string[] = [];
      const asked: { query: string; token: vscode.CancellationToken; answer: (answer: Answer) => void }[] = [];
      const busy: boolean[] = [];
      const live = new LiveSearch(
        (query, token) => new Promise((answer) => asked.push({ query, token, answer })),
        (_, query) => shown.push(query),
        (value) => busy.push(value),
        (error) => assert.fail(String(error)),
        20,
      );
      live.query("r");
      live.query("re");
      live.query("ret");
      await until("the first request", () => asked.length === 1);
      live.query("retry");
      await until("the second request", () => asked.length === 2);
      assert.deepEqual(
        asked.map((one) => one.query),
        ["ret", "retry"],
      );
      assert.ok(asked[0].token.isCancellationRequested);
      assert.ok(!asked[1].token.isCancellationRequested);
      const answer: Answer = { hits: [], indexed: 1, problems: [] };
      asked[0].answer(answer);
      asked[1].answer(answer);
      await until("the answer", () => shown.length > 0);
      assert.deepEqual(shown, ["retry"]);
      await until("rest", () => busy.at(-1) === false);
      live.dispose();
    },
  ],
  [
    "a cancelled search is refused by the server, and the next one is answered",
    async () => {
      const source = new vscode.CancellationTokenSource();
      const first = api.server.search({ query: "settings of the program" }, source.token);
      source.cancel();
      const outcome = await first.then(
        () => "answered",
        (error: { code?: number }) => error.code,
      );
      assert.ok(outcome === -32800 || outcome === "answered", String(outcome));
      const { hits } = await api.server.search({ query: "sign in with password" });
      assert.equal(hits[0].name, "signIn");
    },
  ],
  [
    "an error of the server is shown in the list",
    async () => {
      await replacing(api.server, "search", () => Promise.reject(new Error("no luck")), async () => {
        const search = api.search("anything");
        await until("the message", () => search.pick.items[0]?.label === "$(error) no luck");
        search.pick.hide();
      });
    },
  ],
  [
    "what an answer lacks is told in the list and in the side bar, with results and without",
    async () => {
      const { hits } = await api.server.search({ query: "sign in" });
      const problems = [
        { code: "no-meaning", message: "the model is missing" },
        { code: "path", message: "a folder cannot be read." },
      ];
      let answer: Answer = { hits, indexed: 1, problems };
      await replacing(api.server, "search", async () => answer, async () => {
        await api.view.search("anything");
        assert.match(String(api.view.tree.message), /“anything”\. the model is missing\. a folder cannot be read\.$/);
        // After the side bar, whose focus closes a list.
        const search = api.search("anything");
        await until("the title", () => search.pick.title === "Search by Meaning · the model is missing · a folder cannot be read.");
        answer = { ...answer, hits: [] };
        search.type("something else");
        const text = "Nothing was found. the model is missing. a folder cannot be read.";
        await until("the message", () => search.pick.items[0]?.label === text);
        search.pick.hide();
      });
    },
  ],
  [
    "the side bar keeps results, grouped by file; dismissing takes them out",
    async () => {
      await api.view.search("sessions of users");
      const files = api.view.getChildren();
      const session = api.view.files.find((one) => one.path === "web/session.ts");
      assert.ok(session);
      assert.equal(new Set(api.view.files.map((one) => one.uri)).size, files.length);
      const count = session.hits.length;
      assert.ok(count > 1);
      const [gone] = session.hits;
      await vscode.commands.executeCommand("codanna.view.dismiss", gone);
      assert.equal(session.hits.length, count - 1);
      assert.ok(!session.hits.includes(gone));
      await vscode.commands.executeCommand("codanna.view.dismiss", session);
      assert.ok(!api.view.files.includes(session));
      await vscode.commands.executeCommand("codanna.view.refresh");
      assert.equal(api.view.files.find((one) => one.path === "web/session.ts")?.hits.length, count);
    },
  ],
  [
    "filters restrict the results by kind, language and folder",
    async () => {
      await api.view.search("settings and sessions");
      await api.view.setFilters({ languages: ["typescript"] });
      assert.ok(api.view.files.length > 0);
      assert.deepEqual(new Set(api.view.files.map((one) => path.extname(one.path))), new Set([".ts"]));
      await api.view.setFilters({ paths: ["config/"] });
      assert.deepEqual(api.view.files.map((one) => one.path), ["config/settings.py"]);
      const choose = async (items: { key?: string; value?: string }[]) => items.filter((item) => item.value === "class");
      await replacing(vscode.window, "showQuickPick", choose as unknown as typeof vscode.window.showQuickPick, async () => {
        await vscode.commands.executeCommand("codanna.view.filter");
      });
      assert.deepEqual(api.view.filters, { kinds: ["class"] });
      const kinds = api.view.files.flatMap((one) => one.hits.map((node) => node.hit.kind));
      assert.deepEqual(new Set(kinds), new Set(["class"]));
      await vscode.commands.executeCommand("codanna.view.clearFilters");
      assert.deepEqual(api.view.filters, {});
    },
  ],
  [
    "rows show the words of a comment without its marks",
    async () => {
      const marked: [string, string][] = [
        ['    """Retry failed uploads."""', "Retry failed uploads."],
        ["'''One line'''", "One line"],
        ["/** Drop expired sessions. */", "Drop expired sessions."],
        ["/// Revive the pool.", "Revive the pool."],
        ["// plain", "plain"],
        ["# shell", "shell"],
        ["-- lua", "lua"],
        [" * middle of a block", "middle of a block"],
        ["#include <stdio.h>", "#include <stdio.h>"],
        ["--count;", "--count;"],
        ["*pointer = 1;", "*pointer = 1;"],
        ['"""', '"""'],
        ["return a // b", "return a // b"],
      ];
      for (const [text, shown] of marked) {
        assert.equal(bestLine({ ...hostileHit(), snippet: [{ line: 0, text, best: true }] }), shown);
      }
    },
  ],
  [
    "a problem names its file, in the list and in the side bar",
    async () => {
      const { hits } = await api.server.search({ query: "sign in" });
      const problems = [
        { code: "syntax", message: "cannot be parsed", path: "web/broken.ts" },
        { code: "unreadable", message: "web/gone.ts cannot be read", path: "web/gone.ts" },
      ];
      await replacing(api.server, "search", async () => ({ hits, indexed: 1, problems }), async () => {
        await api.view.search("anything");
        assert.match(String(api.view.tree.message), / web\/broken\.ts: cannot be parsed\. web\/gone\.ts cannot be read\.$/);
      });
    },
  ],
  [
    "filters show only what is there, with its number",
    async () => {
      await api.view.search("settings and sessions");
      const hits = api.view.files.flatMap((one) => one.hits.map((node) => node.hit));
      let items: (vscode.QuickPickItem & { key?: string; value?: string })[] = [];
      const look = async (shown: typeof items) => {
        items = shown;
        return undefined;
      };
      const choose = () =>
        replacing(vscode.window, "showQuickPick", look as unknown as typeof vscode.window.showQuickPick, async () => {
          await vscode.commands.executeCommand("codanna.view.filter");
        });
      await choose();
      const shown = new Map(items.filter((one) => one.key === "kinds").map((one) => [one.value, one.description]));
      const counted = new Map<string, number>();
      for (const { kind } of hits) {
        counted.set(kind, (counted.get(kind) ?? 0) + 1);
      }
      assert.deepEqual(shown, new Map([...counted].sort().map(([kind, count]) => [kind, String(count)])));
      const before = items.length;
      await api.view.setFilters({ languages: ["typescript"] });
      await choose();
      assert.equal(items.length, before, "a filter does not take away the other choices");
      await api.view.setFilters({});
    },
  ],
  [
    "a first question waits for the index",
    async () => {
      const { hits } = await api.server.search({ query: "sign in" });
      let answer: Answer = { hits: [], indexed: 0, problems: [] };
      const building = new Map<string, Folder>([["x", { uri: "x", name: "x", state: "indexing", generation: 0, problems: [] }]]);
      const changed = (api.server as unknown as { changed: vscode.EventEmitter<void> }).changed;
      await replacing(api.server, "search", async () => answer, async () => {
        await replacing(api.server, "folders", building, async () => {
          await api.view.search("sign in early");
          assert.match(String(api.view.tree.message), /^The index is being built; results for “sign in early” come/);
          answer = { hits, indexed: 1, problems: [] };
          building.set("x", { uri: "x", name: "x", state: "ready", generation: 1, problems: [] });
          changed.fire();
          await until("the answer", () => api.view.files.length > 0);
          assert.match(String(api.view.tree.message), /found for “sign in early”\./);
        });
      });
    },
  ],
  [
    "a result of the view opens in the editor and to the side",
    async () => {
      await api.view.search("retry failed uploads");
      const node = api.view.files[0].hits[0];
      await vscode.commands.executeCommand("codanna.view.open", node);
      assert.equal(where(), "transfer.py:31");
      await vscode.commands.executeCommand("codanna.view.openToSide", node);
      assert.equal(vscode.window.activeTextEditor?.viewColumn, vscode.ViewColumn.Two);
      await vscode.commands.executeCommand("workbench.action.closeEditorsInGroup");
      await vscode.commands.executeCommand("codanna.view.clear");
      assert.deepEqual(api.view.getChildren(), []);
    },
  ],
  [
    "similar code of a selection and of the cursor leaves out the origin",
    async () => {
      const document = await vscode.workspace.openTextDocument(file("config/settings.py"));
      const from = new vscode.Position(17, 0);
      for (const to of [from, new vscode.Position(21, 0)]) {
        await vscode.window.showTextDocument(document, { selection: new vscode.Range(from, to) });
        await vscode.commands.executeCommand("codanna.similar");
        const asked = to === from ? /found for code like “def” in config\/settings\.py/ : /code like config\/settings\.py:18-22/;
        assert.match(String(api.view.tree.message), asked);
        const names = api.view.files.flatMap((one) => one.hits.map((node) => node.hit.name));
        assert.ok(!names.includes("read_settings"), names.join());
      }
    },
  ],
  [
    "the server's code action runs the list of the extension",
    async () => {
      const at = new vscode.Range(17, 6, 17, 6);
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        file("config/settings.py"),
        at,
        "source.findSimilar",
      );
      const command = actions.map((action) => action.command).find((one) => one?.command === "codanna.showSimilar");
      assert.ok(command, JSON.stringify(actions));
      await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
    },
  ],
  [
    "workspace symbols come from the server",
    async () => {
      const symbols = await vscode.commands.executeCommand<vscode.SymbolInformation[]>(
        "vscode.executeWorkspaceSymbolProvider",
        "readset",
      );
      assert.ok(symbols.some((symbol) => symbol.name === "read_settings"));
    },
  ],
  [
    "a saved edit is found",
    async () => {
      const document = await vscode.workspace.openTextDocument(file("config/settings.py"));
      const edit = new vscode.WorkspaceEdit();
      const text = '\n\ndef frobnicate_the_gizmo() -> None:\n    """Turn the wobbly gizmo upside down."""\n';
      edit.insert(document.uri, document.lineAt(document.lineCount - 1).range.end, text);
      await vscode.workspace.applyEdit(edit);
      await document.save();
      await until("the new function", async () => {
        const { hits } = await api.server.search({ query: "turn wobbly gizmo upside down" });
        return hits[0]?.name === "frobnicate_the_gizmo";
      });
    },
  ],
  [
    "only settings that the user wrote are sent, and they count at once",
    async () => {
      const manifest = vscode.extensions.getExtension("codanna.codanna-lsp")!.packageJSON;
      assert.deepEqual(explicitSettings(manifest), {});
      await configuration().update("search.limit", 1, vscode.ConfigurationTarget.Workspace);
      assert.deepEqual(explicitSettings(manifest).search, { limit: 1 });
      await until("one hit", async () => (await api.server.search({ query: "settings" })).hits.length === 1);
      await configuration().update("search.limit", undefined, vscode.ConfigurationTarget.Workspace);
      await until("more hits", async () => (await api.server.search({ query: "settings" })).hits.length > 1);
    },
  ],
  [
    "the status bar tells the state, and its menu runs commands",
    async () => {
      await until("the text", () => api.statusBar.item.text === "$(search) Codanna" || api.statusBar.item.text === "$(warning) Codanna");
      const [folder] = api.server.folders.values();
      assert.match(describe(folder), /^\d+ symbols$/);
      const some: Folder = { ...folder, symbols: 7 };
      const one = { code: "syntax", message: "half of it does not parse", path: "web/odd.ts" };
      const all = { code: "no-model", message: "the model cannot be loaded" };
      assert.deepEqual([[], [one], [one, all]].map((problems) => isWanting({ ...some, problems })), [false, false, true]);
      const said = statusTooltip([{ ...some, problems: [one, all] }], "running").value.replaceAll("&nbsp;", " ");
      assert.match(said, /\$\(info\) web\/odd\.ts: half of it/);
      assert.match(said, /\$\(warning\) the model/);
      assert.equal(describe({ ...some, state: "read-only", writer: false }), "7 symbols, read-only");
      assert.equal(describe({ ...some, writer: false }), "7 symbols, kept current by another window");
      assert.equal(describe({ ...some, state: "incomplete" }), "incomplete");
      let labels: string[] = [];
      const choose = async (items: vscode.QuickPickItem[]) => {
        labels = items.map((item) => item.label);
        return undefined;
      };
      await replacing(vscode.window, "showQuickPick", choose as unknown as typeof vscode.window.showQuickPick, async () => {
        await vscode.commands.executeCommand("codanna.showStatus.menu");
      });
      assert.ok(labels.includes("$(debug-restart) Restart the Server"), labels.join());
    },
  ],
  [
    "rebuilding and removing the index end with an index",
    async () => {
      await vscode.commands.executeCommand("codanna.reindexWorkspace");
      await until("the index", ready);
      const agree = async () => "Remove";
      await replacing(vscode.window, "showWarningMessage", agree as unknown as typeof vscode.window.showWarningMessage, async () => {
        await vscode.commands.executeCommand("codanna.cleanIndex");
      });
      await until("the index", ready);
    },
  ],
  [
    "the log opens",
    async () => {
      await vscode.commands.executeCommand("codanna.showLog");
    },
  ],
  [
    "after the server was killed it is back and answers",
    async () => {
      const before = (await api.server.status()).server.pid;
      process.kill(before, "SIGKILL");
      const after = await until("another process", async () => {
        const pid = await api.server.status().then(
          (status) => status.server.pid,
          () => undefined,
        );
        return pid !== before && pid;
      });
      assert.notEqual(after, before);
      await until("an answer", async () => (await api.server.search({ query: "read settings" })).hits.length > 0);
    },
  ],
  [
    "restarting starts another process",
    async () => {
      const before = (await api.server.status()).server.pid;
      await vscode.commands.executeCommand("codanna.restartServer");
      assert.notEqual((await api.server.status()).server.pid, before);
      await until("the index", ready);
    },
  ],
  [
    "a missing server gets one message with buttons, and the server starts once the setting is right",
    async () => {
      const good = configuration().inspect<string>("serverPath")?.globalValue;
      await collectingErrors(async (messages) => {
        await configuration().update("serverPath", "/nowhere/codanna-lsp", vscode.ConfigurationTarget.Global);
        await until("the message", () => messages.length > 0);
        assert.equal(messages[0].message, "The Codanna server is not at /nowhere/codanna-lsp.");
        assert.deepEqual(messages[0].buttons, ["Open Settings", "Try Again"]);
        assert.equal(api.server.state, "missing");
        assert.equal(api.statusBar.item.text, "$(error) Codanna");
        assert.equal(messages.length, 1);
      });
      await configuration().update("serverPath", good, vscode.ConfigurationTarget.Global);
      await until("the server", () => api.server.state === "running");
      await until("the index", ready);
    },
  ],
  [
    "a server that keeps crashing is given up with a message",
    async () => {
      await collectingErrors(async (messages) => {
        let last = 0;
        await until("the message", async () => {
          const pid = await api.server.status().then(
            (status) => status.server.pid,
            () => 0,
          );
          if (pid && pid !== last && messages.length === 0) {
            last = pid;
            process.kill(pid, "SIGKILL");
          }
          return messages.length > 0;
        });
        assert.match(messages[0].message, /ended 4 times within three minutes/);
        assert.deepEqual(messages[0].buttons, ["Restart", "Show Log"]);
      });
      await vscode.commands.executeCommand("codanna.restartServer");
      await until("the index", ready);
    },
  ],
  [
    "servers are looked for in the setting, the PATH, the user's programs, and runners with consent alone",
    async () => {
      const folder = await fs.mkdtemp(path.join(os.tmpdir(), "codanna-find-"));
      const inPath = path.join(folder, "bin");
      const uvx = await program(inPath, "uvx");
      const around = surroundings({ searchPath: inPath, package: "/a/clone" });
      assert.equal(await findServer(around), undefined);
      const agreed = { ...around, agreed: "uvx --from /a/clone codanna-lsp serve" };
      assert.deepEqual(await findServer(agreed), {
        command: uvx,
        args: ["--from", "/a/clone", "codanna-lsp", "serve"],
        from: "uvx",
      });
      assert.equal(await findServer({ ...agreed, package: "/another" }), undefined, "not what was agreed to");
      assert.equal(await findServer({ ...agreed, package: "" }), undefined, "nothing to run");
      const own = await program(path.join(folder, "own"), "codanna-lsp");
      const inHome = { ...agreed, userPrograms: path.dirname(own) };
      assert.equal((await findServer(inHome))?.command, own, "before a runner");
      assert.equal(await findServer({ ...around, userPrograms: "own" }), undefined, "a relative home");
      const installed = await program(inPath, "codanna-lsp");
      assert.equal((await findServer(inHome))?.command, installed, "the PATH first");
      assert.equal((await findServer(agreed))?.command, installed);
      const chosen = await program(path.join(folder, "chosen"), "codanna-lsp");
      assert.equal((await findServer({ ...agreed, setting: chosen }))?.command, chosen);
      assert.equal(await findServer({ ...around, setting: "/nowhere/codanna-lsp" }), undefined);
      assert.equal(await findServer({ ...around, searchPath: "bin" }), undefined, "relative PATH entries");
      await fs.rm(folder, { recursive: true });
    },
  ],
  [
    "versions are compared as numbers",
    async () => {
      assert.ok(isAtLeast("0.10.0", "0.9.1"));
      assert.ok(isAtLeast("0.1.0", "0.1.0"));
      assert.ok(!isAtLeast("0.9.9", "0.10"));
      assert.ok(isAtLeast("unknown", "0.1.0"));
    },
  ],
  [
    "a question that was asked too early is asked again when the index knows more",
    async () => {
      const search = api.search("");
      await replacing(api.server, "search", async () => ({ hits: [], indexed: 0.5, problems: [] }), async () => {
        search.type("wibble the sprocket now");
        await until("nothing", () => search.pick.items[0]?.label.startsWith("Nothing was found"));
      });
      await fs.writeFile(file("uploads/later.py").fsPath, 'def wibble_sprocket():\n    """Wibble the sprocket now."""\n');
      await until("the new file", () => search.pick.items[0]?.label.includes("wibble_sprocket"));
      search.pick.hide();
    },
  ],
  [
    "a search that is disposed of shows nothing more",
    async () => {
      const search = new QuickSearch(api.server, api.history, () => assert.fail("not asked to keep"), "read settings");
      search.pick.hide();
      search.dispose();
    },
  ],
];
