// Who uses what, as results of the view in the side bar.
import * as vscode from "vscode";
import type { Answer, Edge, Filters, Hit, RelationParams, Relations } from "./protocol";
import type { ResultsView } from "./resultsView";
import type { Server } from "./server";
import { label } from "./text";

const MAX_CHANGED_FILES = 200;

type Method = "callers" | "impact";

/** Show who calls what is at the cursor. */
export async function showCallers(server: Server, view: ResultsView): Promise<void> {
  const at = cursor();
  if (at) {
    await show(server, view, "callers", at, (name) => `callers of ${name}`);
  }
}

/** Show what the changes since the last commit reach; without any, what a change at the cursor would. */
export async function showImpact(server: Server, view: ResultsView): Promise<void> {
  const diff = await changes();
  if (diff) {
    const ask = (token: vscode.CancellationToken) => server.relations("impact", { diff }, token);
    await view.list("code that your changes reach", async (filters, token) => hits(await ask(token), filters));
    return;
  }
  const at = cursor();
  if (at) {
    await show(server, view, "impact", at, (name) => `code that a change of ${name} reaches`);
  }
}

/** The place of the cursor in a file. */
function cursor(): RelationParams | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.document.uri.scheme !== "file") {
    void vscode.window.showInformationMessage("Open a file and put the cursor on a definition.");
    return undefined;
  }
  const { line, character } = editor.selection.active;
  return { textDocument: { uri: editor.document.uri.toString() }, position: { line, character } };
}

/** Ask about a place; if it may mean several definitions, the user says which. */
async function show(server: Server, view: ResultsView, method: Method, at: RelationParams, text: (name: string) => string): Promise<void> {
  const first = await server.relations(method, at);
  let place: RelationParams = at;
  let [target] = first.targets;
  if (!target && first.candidates.length > 0) {
    const items = first.candidates.map((one) => ({
      label: label(one.container ? `${one.container}.${one.name}` : one.name),
      description: label(`${one.path}:${one.selectionRange.start.line + 1}`),
      one,
    }));
    const chosen = await vscode.window.showQuickPick(items, { title: "Which definition?", placeHolder: "The text does not say which one is meant" });
    if (!chosen) {
      return;
    }
    target = chosen.one;
    place = { textDocument: { uri: target.uri }, position: target.selectionRange.start };
  }
  if (!target) {
    void vscode.window.showInformationMessage("No definition is known at the cursor.");
    return;
  }
  await view.list(text(`“${target.name}”`), async (filters, token) => hits(await server.relations(method, place, token), filters));
}

/** Edges as rows: the definition around each use, with how sure it is and why. */
export function hits(answer: Relations, { kinds, languages, paths }: Filters = {}): Answer {
  const found = answer.edges.map(hit).filter(
    (one) =>
      (!kinds || kinds.includes(one.kind)) &&
      (!languages || languages.includes(one.language)) &&
      (!paths || paths.some((path) => vscode.workspace.asRelativePath(vscode.Uri.parse(one.uri)).startsWith(path))),
  );
  const problems = [...answer.problems];
  if (answer.weaker > 0) {
    problems.push({ code: "weaker", message: `${answer.weaker} with less confidence are not listed` });
  }
  return { hits: found, indexed: answer.indexed, problems };
}

function hit(edge: Edge): Hit {
  const { symbol, range: place } = edge;
  const steps = edge.depth > 1 ? `, ${edge.depth} steps` : "";
  const said = `${edge.tier} ${edge.role}${steps}${edge.test ? ", test" : ""}`;
  return {
    name: symbol?.name ?? edge.path.split("/").slice(-1)[0],
    kind: symbol?.kind ?? "text",
    symbolKind: symbol?.symbolKind ?? 15,
    container: symbol?.container ?? "",
    language: symbol?.language ?? "",
    uri: edge.uri,
    path: edge.path,
    range: place,
    selectionRange: place,
    signature: "",
    doc: "",
    snippet: [{ line: place.start.line, text: `${said}, line ${place.start.line + 1}: ${edge.reason}`, best: true }],
    score: edge.probability,
    reasons: [edge.reason],
    deprecated: false,
  };
}

interface Repository {
  rootUri: vscode.Uri;
  state: { workingTreeChanges: { uri: vscode.Uri }[]; indexChanges: { uri: vscode.Uri }[] };
  diffWithHEAD(path: string): Promise<string>;
}

interface Git {
  getAPI(version: 1): { repositories: Repository[] };
}

function repositories(git: vscode.Extension<Git> | undefined): Repository[] {
  if (!vscode.workspace.isTrusted) {
    return []; // VS Code itself keeps git away from it.
  }
  try {
    return git?.isActive ? git.exports.getAPI(1).repositories : [];
  } catch {
    return []; // It is switched off, or found no git.
  }
}

/** The changes since the last commit as a diff with paths of the workspace, from VS Code's own git extension. */
export async function changes(): Promise<string> {
  const git = vscode.extensions.getExtension<Git>("vscode.git");
  const parts: string[] = [];
  for (const repository of repositories(git)) {
    const changed = [...repository.state.workingTreeChanges, ...repository.state.indexChanges];
    const files = [...new Map(changed.map(({ uri }) => [uri.toString(), uri])).values()];
    for (const uri of files.slice(0, MAX_CHANGED_FILES)) {
      if (vscode.workspace.getWorkspaceFolder(uri)) {
        parts.push(ofFile(vscode.workspace.asRelativePath(uri, false), await repository.diffWithHEAD(uri.fsPath)));
      }
    }
  }
  return parts.join("");
}

/** One file's part of a diff under the path that the server knows it by. */
export function ofFile(path: string, diff: string): string {
  const begin = diff.indexOf("\n@@ ");
  return begin < 0 || /[\r\n]/.test(path) ? "" : `--- a/${path}\n+++ b/${path}${diff.slice(begin).replace(/\n*$/, "\n")}`;
}

