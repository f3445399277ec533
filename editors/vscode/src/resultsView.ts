// The view in the side bar that keeps results, grouped by file.
import * as vscode from "vscode";
import { openHit, shownPath } from "./open";
import { type Answer, bestLine, type Filters, type Hit, icon, lacks, title } from "./protocol";
import { LIMIT } from "./quickSearch";
import type { Server } from "./server";
import { addCode, addText, inert, label } from "./text";

export interface FileNode {
  type: "file";
  uri: string;
  path: string;
  hits: HitNode[];
}

export interface HitNode {
  type: "hit";
  hit: Hit;
  file: FileNode;
}

export type Node = FileNode | HitNode;

interface Question {
  label: string;
  ask: (filters: Filters, token: vscode.CancellationToken) => Promise<Answer>;
}

interface FilterItem extends vscode.QuickPickItem {
  key?: keyof Filters;
  value?: string;
}

/** What similar code is compared with, as a person would call it. */
async function origin(uri: string, place: { position?: vscode.Position; range?: vscode.Range }): Promise<string> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  const name = vscode.workspace.asRelativePath(document.uri);
  const { position, range } = place;
  if (range && range.start.line !== range.end.line) {
    return `${name}:${range.start.line + 1}-${range.end.line + 1}`;
  }
  const at = range?.start ?? position;
  const found = at && document.getWordRangeAtPosition(new vscode.Position(at.line, at.character));
  return found ? `“${document.getText(found)}” in ${name}` : `${name}:${(at?.line ?? 0) + 1}`;
}

/** The folders of a workspace that has more than one; their names are in front of the paths that are shown. */
function severalFolders(): readonly vscode.WorkspaceFolder[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length > 1 ? folders : [];
}

/** Ask with filters whose paths are those that are shown; the server knows only paths inside of a folder. */
async function inFolders(
  filters: Filters,
  ask: (rest: { limit: number; filters: Filters }) => Promise<Answer>,
): Promise<Answer> {
  const folders = severalFolders();
  const { paths, ...others } = filters;
  if (!paths || folders.length === 0) {
    return ask({ limit: LIMIT, filters });
  }
  const inner = paths.map((path) => path.slice((folders.find(({ name }) => path.startsWith(`${name}/`))?.name.length ?? -1) + 1));
  // An empty path is a whole folder of the workspace, and nothing that the server could restrict itself to.
  const narrowed = inner.includes("") ? others : { ...others, paths: inner };
  const answer = await ask({ limit: LIMIT * folders.length, filters: narrowed });
  const wanted = answer.hits.filter((hit) => paths.some((path) => shownPath(hit).startsWith(path)));
  return { ...answer, hits: wanted.slice(0, LIMIT) };
}

export class ResultsView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly tree: vscode.TreeView<Node>;
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private question: Question | undefined;
  private source: vscode.CancellationTokenSource | undefined;
  /** Of the answer without filters: how many results each of them would leave. */
  private counts: Record<keyof Filters, Map<string, number>> = { kinds: new Map(), languages: new Map(), paths: new Map() };
  private readonly following: vscode.Disposable;
  private waitsAt: string | undefined;
  filters: Filters = {};
  files: FileNode[] = [];

  constructor(private readonly server: Server) {
    this.tree = vscode.window.createTreeView("codanna.results", {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: false,
    });
    this.following = server.onDidChange(() => {
      if (this.waitsAt !== undefined && server.generation !== this.waitsAt) {
        this.waitsAt = server.generation;
        void this.refresh();
      }
    });
  }

  /** Ask by meaning and show the answer. */
  search(query: string): Promise<void> {
    return this.run({
      label: `“${query}”`,
      ask: (filters, token) => inFolders(filters, (rest) => this.server.search({ query, ...rest }, token)),
    });
  }

  /** Show code like a piece of code. */
  async similar(textDocument: { uri: string }, place: { position?: vscode.Position; range?: vscode.Range }): Promise<void> {
    return this.run({
      label: `code like ${await origin(textDocument.uri, place)}`,
      ask: (filters, token) => inFolders(filters, (rest) => this.server.similar({ textDocument, ...place, ...rest }, token)),
    });
  }

  private async run(question: Question): Promise<void> {
    if (question.label !== this.question?.label) {
      this.filters = {};
    }
    this.question = question;
    await vscode.commands.executeCommand("codanna.results.focus");
    await this.refresh();
  }

  /** Ask the same again; results stay until the answer is there. */
  async refresh(): Promise<void> {
    const question = this.question;
    if (!question) {
      return;
    }
    this.source?.cancel();
    const source = new vscode.CancellationTokenSource();
    this.source = source;
    try {
      const answer = await vscode.window.withProgress({ location: { viewId: "codanna.results" } }, () =>
        question.ask(this.filters, source.token),
      );
      if (this.source === source) {
        this.show(answer, question);
      }
    } catch (error) {
      if (this.source === source) {
        this.tree.message = inert(error instanceof Error ? error.message : String(error));
      }
    } finally {
      source.dispose();
    }
  }

  private show(answer: Answer, question: Question): void {
    const files = new Map<string, FileNode>();
    for (const hit of answer.hits) {
      let file = files.get(hit.uri);
      if (!file) {
        file = { type: "file", uri: hit.uri, path: shownPath(hit), hits: [] };
        files.set(hit.uri, file);
      }
      file.hits.push({ type: "hit", hit, file });
    }
    if (Object.keys(this.filters).length === 0) {
      this.count(answer.hits);
    }
    this.files = [...files.values()];
    const filters = Object.values(this.filters).flat().join(", ");
    const count = answer.hits.length;
    const building = count === 0 && this.server.isBusy;
    // A first question waits for the index, instead of an answer that there is nothing.
    this.waitsAt = building ? this.server.generation : undefined;
    this.tree.message = building
      ? inert(`The index is being built; results for ${question.label} come as soon as there are any.`)
      : inert(`${count === 0 ? "Nothing" : count} found for ${question.label}${filters ? `, only ${filters}` : ""}.${lacks(answer)}`);
    this.update();
  }

  private count(hits: Hit[]): void {
    this.counts = { kinds: new Map(), languages: new Map(), paths: new Map() };
    const add = (key: keyof Filters, value: string) => this.counts[key].set(value, (this.counts[key].get(value) ?? 0) + 1);
    for (const hit of hits) {
      add("kinds", hit.kind);
      add("languages", hit.language);
      const parts = shownPath(hit).split("/").slice(0, -1);
      if (parts.length > 0) {
        add("paths", `${parts.join("/")}/`);
      }
      // A folder of a workspace with several is worth choosing as a whole.
      if (parts.length > 1 && severalFolders().some(({ name }) => name === parts[0])) {
        add("paths", `${parts[0]}/`);
      }
    }
  }

  private update(): void {
    void vscode.commands.executeCommand("setContext", "codanna.hasResults", this.question !== undefined);
    void vscode.commands.executeCommand("setContext", "codanna.hasFilters", Object.keys(this.filters).length > 0);
    this.changed.fire(undefined);
  }

  clear(): void {
    this.source?.cancel();
    this.question = undefined;
    this.waitsAt = undefined;
    this.filters = {};
    this.files = [];
    this.tree.message = undefined;
    this.update();
  }

  /** Take one result, or a whole file, out of the list. */
  dismiss(node: Node | undefined = this.tree.selection[0]): void {
    if (!node) {
      return;
    }
    const file = node.type === "file" ? node : node.file;
    if (node.type === "hit") {
      file.hits = file.hits.filter((other) => other !== node);
    }
    if (node.type === "file" || file.hits.length === 0) {
      this.files = this.files.filter((other) => other !== file);
      this.changed.fire(undefined);
    } else {
      this.changed.fire(file);
    }
  }

  async openToSide(node: Node | undefined = this.tree.selection[0]): Promise<void> {
    if (node?.type === "hit") {
      await openHit(node.hit, { viewColumn: vscode.ViewColumn.Beside, preview: false });
    }
  }

  async setFilters(filters: Filters): Promise<void> {
    this.filters = filters;
    await this.refresh();
  }

  /** Let the user choose kinds, languages and folders. */
  async chooseFilters(): Promise<void> {
    const part = (name: string): FilterItem => ({ label: name, kind: vscode.QuickPickItemKind.Separator });
    const choices = (key: keyof Filters): FilterItem[] =>
      [...new Set([...(this.filters[key] ?? []), ...this.counts[key].keys()])].sort().map((value) => ({
        label: key === "kinds" ? `$(${icon(value)}) ${value}` : label(value),
        description: this.counts[key].get(value)?.toString(),
        key,
        value,
        picked: this.filters[key]?.includes(value) ?? false,
      }));
    const items: FilterItem[] = [
      part("Kind"),
      ...choices("kinds"),
      part("Language"),
      ...choices("languages"),
      part("Folder"),
      ...choices("paths"),
    ];
    const chosen = await vscode.window.showQuickPick(items, {
      canPickMany: true,
      title: "Show only these results",
      placeHolder: "Kinds, languages and folders; several of one sort mean any of them",
    });
    if (!chosen) {
      return;
    }
    const filters: Filters = {};
    for (const { key, value } of chosen) {
      if (key && value) {
        (filters[key] ??= []).push(value);
      }
    }
    await this.setFilters(filters);
  }

  getChildren(node?: Node): Node[] {
    if (!node) {
      return this.files;
    }
    return node.type === "file" ? node.hits : [];
  }

  getParent(node: Node): Node | undefined {
    return node.type === "hit" ? node.file : undefined;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (node.type === "file") {
      const file = new vscode.TreeItem(vscode.Uri.parse(node.uri), vscode.TreeItemCollapsibleState.Expanded);
      const folder = node.path.split("/").slice(0, -1).join("/");
      file.description = label(folder);
      file.contextValue = "file";
      file.iconPath = vscode.ThemeIcon.File;
      file.id = node.uri;
      return file;
    }
    const { hit } = node;
    const item = new vscode.TreeItem(label(title(hit)), vscode.TreeItemCollapsibleState.None);
    item.description = label(bestLine(hit));
    item.iconPath = new vscode.ThemeIcon(icon(hit.kind), new vscode.ThemeColor(`symbolIcon.${colour(hit.kind)}Foreground`));
    item.contextValue = "hit";
    item.tooltip = tooltip(hit);
    item.command = { command: "codanna.view.open", title: "Open", arguments: [node] };
    return item;
  }

  dispose(): void {
    this.source?.cancel();
    this.following.dispose();
    this.tree.dispose();
    this.changed.dispose();
  }
}

const COLOURED = new Set(["function", "method", "class", "struct", "enum", "interface", "constant", "variable", "field"]);

function colour(kind: string): string {
  return COLOURED.has(kind) ? kind : kind === "trait" ? "interface" : "text";
}

export function tooltip(hit: Hit): vscode.MarkdownString {
  const text = addCode(new vscode.MarkdownString(), hit.signature || bestLine(hit), hit.language);
  if (hit.doc) {
    addText(text, hit.doc);
  }
  return hit.reasons.length > 0 ? addText(text.appendMarkdown("\n\n"), `Found by ${hit.reasons.join(", ")}.`) : text;
}
