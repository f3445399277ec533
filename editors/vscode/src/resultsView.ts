// The view in the side bar that keeps results, grouped by file.
import * as vscode from "vscode";
import { openHit, shownPath } from "./open";
import { type Answer, bestLine, type Filters, type Hit, icon, KINDS, lacks, title } from "./protocol";
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
  private seenLanguages = new Set<string>();
  private seenFolders = new Set<string>();
  filters: Filters = {};
  files: FileNode[] = [];

  constructor(private readonly server: Server) {
    this.tree = vscode.window.createTreeView("codanna.results", {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: false,
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
  similar(textDocument: { uri: string }, place: { position?: vscode.Position; range?: vscode.Range }): Promise<void> {
    return this.run({
      label: "similar code",
      ask: (filters, token) => inFolders(filters, (rest) => this.server.similar({ textDocument, ...place, ...rest }, token)),
    });
  }

  private async run(question: Question): Promise<void> {
    if (question.label !== this.question?.label) {
      this.filters = {};
      this.seenLanguages.clear();
      this.seenFolders.clear();
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
      this.seenLanguages.add(hit.language);
      const folder = file.path.split("/").slice(0, -1).join("/");
      if (folder) {
        this.seenFolders.add(`${folder}/`);
      }
    }
    for (const { name } of severalFolders()) {
      this.seenFolders.add(`${name}/`);
    }
    this.files = [...files.values()];
    const filters = Object.values(this.filters).flat().join(", ");
    const count = answer.hits.length;
    const building = count === 0 && this.server.isBusy;
    const problem = building ? " The index is being built; search again in a moment." : lacks(answer);
    this.tree.message = inert(
      `${count === 0 ? "Nothing" : count} found for ${question.label}${filters ? `, only ${filters}` : ""}.${problem}`,
    );
    this.update();
  }

  private update(): void {
    void vscode.commands.executeCommand("setContext", "codanna.hasResults", this.question !== undefined);
    void vscode.commands.executeCommand("setContext", "codanna.hasFilters", Object.keys(this.filters).length > 0);
    this.changed.fire(undefined);
  }

  clear(): void {
    this.source?.cancel();
    this.question = undefined;
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
    const choices = (key: keyof Filters, values: Iterable<string>): FilterItem[] =>
      [...values].map((value) => ({
        label: key === "kinds" ? `$(${icon(value)}) ${value}` : label(value),
        key,
        value,
        picked: this.filters[key]?.includes(value) ?? false,
      }));
    const known = (key: "languages" | "paths", seen: Set<string>) => new Set([...(this.filters[key] ?? []), ...seen]);
    const items: FilterItem[] = [
      part("Kind"),
      ...choices("kinds", KINDS),
      part("Language"),
      ...choices("languages", [...known("languages", this.seenLanguages)].sort()),
      part("Folder"),
      ...choices("paths", [...known("paths", this.seenFolders)].sort()),
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
  return addText(text.appendMarkdown("\n\n"), hit.reasons.join(" · "));
}
