// Two projects of different languages, for which VS Code has no server: what the editor shows is what the command
// line shows; and beside another extension nothing is shown twice.
import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { hits, ofFile } from "../relations";
import { activate, api, configuration, type Tests, until } from "./support";

interface Place {
  path: string;
  range: { start: { line: number; character: number } };
}

interface Answer {
  targets: (Place & { selectionRange: Place["range"] })[];
  edges: Place[];
}

const NAMES: [project: string, file: string, name: string][] = [
  ["ledger", "ledger/account.py", "balance"],
  ["ledger", "ledger/account.py", "Payment"],
  ["ledger", "ledger/report.py", "describe"],
  ["queue", "src/lib.rs", "drain"],
  ["queue", "src/lib.rs", "print_once"],
  ["queue", "src/job.rs", "Print"],
];

function folder(project: string): vscode.Uri {
  return vscode.workspace.workspaceFolders!.find(({ uri }) => uri.path.endsWith(`/${project}`))!.uri;
}

/** What the command line says in a project. */
async function commandLine(project: string, ...args: string[]): Promise<Answer> {
  const program = configuration().inspect<string>("serverPath")!.globalValue!;
  // It ends with 1 where there are no edges.
  const ended = promisify(execFile)(program, [...args, "--json"], { cwd: folder(project).fsPath });
  const { stdout } = await ended.catch((error: { stdout: string }) => error);
  return JSON.parse(stdout) as Answer;
}

function shown(uri: vscode.Uri, start: { line: number; character: number }): string {
  return `${vscode.workspace.asRelativePath(uri, false)}:${start.line}:${start.character}`;
}

const said = ({ path, range }: Place): string => `${path}:${range.start.line}:${range.start.character}`;

async function place(project: string, file: string, name: string): Promise<[vscode.Uri, vscode.Position]> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder(project), file));
  await vscode.window.showTextDocument(document);
  const at = new RegExp(`(def|class|fn|struct) ${name}\\b`).exec(document.getText())!;
  return [document.uri, document.positionAt(at.index + at[1].length + 1)];
}

type Links = (vscode.Location | vscode.LocationLink)[];

const starts = (found: Links): string[] =>
  found.map((one) => ("targetUri" in one ? shown(one.targetUri, (one.targetSelectionRange ?? one.targetRange).start) : shown(one.uri, one.range.start)));

export const tests: Tests = [
  [
    "both projects are indexed",
    async () => {
      await activate();
      await until("the indexes", () => {
        const folders = [...api.server.folders.values()];
        return folders.length === 2 && folders.every((one) => one.state === "ready" && (one.symbols ?? 0) > 0);
      });
    },
  ],
  ...NAMES.map(
    ([project, file, name]): Tests[number] => [
      `definition, references and calls of ${name} are those of the command line`,
      async () => {
        const [uri, position] = await place(project, file, name);
        const { targets, edges } = await commandLine(project, "refs", name);
        assert.equal(targets.length, 1);
        const definition = said({ path: targets[0].path, range: targets[0].selectionRange });

        const references = await vscode.commands.executeCommand<vscode.Location[]>("vscode.executeReferenceProvider", uri, position);
        assert.deepEqual(references.map((one) => shown(one.uri, one.range.start)).sort(), [definition, ...edges.map(said)].sort());

        const use = edges[0];
        const from = vscode.Uri.joinPath(folder(project), use.path);
        await vscode.workspace.openTextDocument(from);
        const at = new vscode.Position(use.range.start.line, use.range.start.character);
        const found = await vscode.commands.executeCommand<Links>("vscode.executeDefinitionProvider", from, at);
        assert.deepEqual(starts(found), [definition]);

        const [item] = await vscode.commands.executeCommand<vscode.CallHierarchyItem[]>("vscode.prepareCallHierarchy", uri, position);
        assert.equal(item.name, name);
        const calls = await vscode.commands.executeCommand<vscode.CallHierarchyIncomingCall[]>("vscode.provideIncomingCalls", item);
        const places = calls.flatMap((call) => call.fromRanges.map((range) => shown(call.from.uri, range.start)));
        assert.deepEqual(places.sort(), (await commandLine(project, "callers", name)).edges.map(said).sort());
        const out = await vscode.commands.executeCommand<vscode.CallHierarchyOutgoingCall[]>("vscode.provideOutgoingCalls", item);
        const made = out.flatMap((call) => call.fromRanges.map((range) => shown(uri, range.start)));
        assert.deepEqual(made.sort(), (await commandLine(project, "calls", name)).edges.map(said).sort());
      },
    ],
  ),
  [
    "implementations, highlights and hovers come from the server",
    async () => {
      const [uri, position] = await place("ledger", "ledger/account.py", "Entry");
      const found = await vscode.commands.executeCommand<Links>("vscode.executeImplementationProvider", uri, position);
      assert.deepEqual(starts(found), ["ledger/account.py:11:6"]);
      const marks = await vscode.commands.executeCommand<vscode.DocumentHighlight[]>("vscode.executeDocumentHighlights", uri, position);
      assert.ok(marks.length >= 3, String(marks.length));
      const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", ...(await place("ledger", "ledger/account.py", "balance")));
      const text = hover.contents.map((one) => (typeof one === "string" ? one : one.value)).join("\n");
      assert.match(text, /def balance\(self\)[^]*The sum of all entries\.[^]*2 callers/);
    },
  ],
  [
    "callers and the impact of a change are in the side bar, with how sure they are",
    async () => {
      const rows = () => api.view.files.flatMap((file) => file.hits.map(({ hit }) => `${hit.name}: ${hit.snippet[0].text}`));
      const [, position] = await place("ledger", "ledger/account.py", "balance");
      vscode.window.activeTextEditor!.selection = new vscode.Selection(position, position);
      await vscode.commands.executeCommand("codanna.showCallers");
      assert.deepEqual(rows(), ["describe: certain call, line 8: member of Account", "total: certain call, line 13: member of Account"]);
      assert.match(String(api.view.tree.message), /2 found for callers of “balance”/);
      await place("ledger", "ledger/account.py", "balance");
      vscode.window.activeTextEditor!.selection = new vscode.Selection(position, position);
      await vscode.commands.executeCommand("codanna.showImpact");
      assert.ok(rows().some((row) => row.startsWith("report.py: certain call, 2 steps")), rows().join("; "));
    },
  ],
  [
    "a diff keeps the paths that the server knows, and edges are filtered",
    async () => {
      const diff = "diff --git a/x b/x\nindex 1..2\n--- a/sub/x.py\n+++ b/sub/x.py\n@@ -1 +1 @@\n-a\n+b\n";
      assert.equal(ofFile("x.py", diff), "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n");
      assert.equal(ofFile("a\nb.py", diff), "");
      assert.equal(ofFile("x.py", "Binary files differ\n"), "");
      const answer = await api.server.relations("callers", { name: "balance" });
      assert.equal(hits(answer, { kinds: ["method"] }).hits.length, 0);
      assert.equal(hits(answer, { kinds: ["function"] }).hits.length, 2);
    },
  ],
  [
    "beside another extension nothing is shown twice, and other languages stay ours",
    async () => {
      const [uri, position] = await place("ledger", "ledger/account.py", "balance");
      const theirs = new vscode.Location(uri, new vscode.Position(0, 0));
      const item = new vscode.CallHierarchyItem(vscode.SymbolKind.Method, "theirs", "", uri, theirs.range, theirs.range);
      const language = { language: "python" };
      const others = [
        vscode.languages.registerHoverProvider(language, { provideHover: () => new vscode.Hover("theirs") }),
        vscode.languages.registerDefinitionProvider(language, { provideDefinition: () => theirs }),
        vscode.languages.registerReferenceProvider(language, { provideReferences: () => [theirs] }),
        vscode.languages.registerCallHierarchyProvider(language, {
          prepareCallHierarchy: () => item,
          provideCallHierarchyIncomingCalls: () => [],
          provideCallHierarchyOutgoingCalls: () => [],
        }),
      ];
      const run = <T>(command: string) => vscode.commands.executeCommand<T>(command, uri, position);
      assert.equal((await run<vscode.CallHierarchyItem[]>("vscode.prepareCallHierarchy")).map((one) => one.name).join(), "theirs");
      for (const round of ["first", "again"]) {
        assert.equal((await run<vscode.Hover[]>("vscode.executeHoverProvider")).length, 1, round);
        assert.deepEqual(starts(await run<Links>("vscode.executeDefinitionProvider")), ["ledger/account.py:0:0"], round);
        assert.deepEqual(starts(await run<Links>("vscode.executeReferenceProvider")), ["ledger/account.py:0:0"], round);
      }
      assert.ok(!(await api.navigation.languages()).includes("python"));
      const rust = await vscode.commands.executeCommand<Links>("vscode.executeDefinitionProvider", ...(await place("queue", "src/lib.rs", "drain")));
      assert.equal(rust.length, 1);
      others.forEach((one) => one.dispose());
    },
  ],
];
