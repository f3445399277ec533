// The view in the side bar that keeps results, in groups by file or in the order of their relevance.
import * as vscode from "vscode";
import { choose, type Counts, count, inFolders, type Key, nothing, toggled } from "./filters";
import type { History } from "./history";
import { wanted } from "./matches";
import { openHit, shownPath } from "./open";
import { type Answer, type Filters, type Hit, lacks } from "./protocol";
import { fileItem, type FileNode, type HitNode, hitItem, type Node } from "./rows";
import type { Server } from "./server";
import { inert } from "./text";

export type Order = "file" | "relevance";

const ORDER = "codanna.order";

interface Question {
  label: string;
  /** What the user typed; empty where code is compared with code. */
  text: string;
  ask: (filters: Filters, token: vscode.CancellationToken) => Promise<Answer>;
}

type Place = { position?: vscode.Position; range?: vscode.Range };

/** What similar code is compared with, as a person would call it. */
async function origin(uri: string, place: Place): Promise<string> {
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

export class ResultsView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly tree: vscode.TreeView<Node>;
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly news = new vscode.EventEmitter<void>();
  /** Fires when there is something new to be said about the results. */
  readonly onDidChange = this.news.event;
  private question: Question | undefined;
  private source: vscode.CancellationTokenSource | undefined;
  private words = new Set<string>();
  private ranked: HitNode[] = [];
  /** Of the answer without filters. */
  counts: Counts = nothing();
  private readonly following: vscode.Disposable;
  private waitsAt: string | undefined;
  filters: Filters = {};
  files: FileNode[] = [];

  constructor(
    private readonly server: Server,
    private readonly history: History,
    private readonly memento: vscode.Memento,
  ) {
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
    this.update();
  }

  get text(): string {
    return this.question?.text ?? "";
  }

  get order(): Order {
    return this.memento.get<Order>(ORDER) === "relevance" ? "relevance" : "file";
  }

  async setOrder(order: Order): Promise<void> {
    await this.memento.update(ORDER, order);
    this.update();
  }

  /** Ask by meaning and show the answer; `quietly` leaves the focus where it is, and the history as well. */
  search(query: string, quietly = false): Promise<void> {
    if (!quietly) {
      this.history.add(query);
    }
    const ask: Question["ask"] = (filters, token) =>
      inFolders(filters, (rest) => this.server.search({ query, team: true, ...rest }, token));
    return this.run({ label: `“${query}”`, text: query, ask }, quietly);
  }

  /** Show code like a piece of code. */
  async similar(textDocument: { uri: string }, place: Place): Promise<void> {
    const ask: Question["ask"] = (filters, token) =>
      inFolders(filters, (rest) => this.server.similar({ textDocument, ...place, team: true, ...rest }, token));
    return this.run({ label: `code like ${await origin(textDocument.uri, place)}`, text: "", ask });
  }

  /** Show what another question finds, such as who calls a definition. */
  list(label: string, ask: Question["ask"]): Promise<void> {
    return this.run({ label, text: "", ask });
  }

  private async run(question: Question, quietly = false): Promise<void> {
    if (question.label !== this.question?.label) {
      this.filters = {};
    }
    this.question = question;
    if (!quietly) {
      await vscode.commands.executeCommand("codanna.results.focus");
    }
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
        this.say(error instanceof Error ? error.message : String(error));
      }
    } finally {
      source.dispose();
    }
  }

  private show(answer: Answer, question: Question): void {
    this.take(answer.hits);
    this.words = wanted(question.text);
    if (Object.keys(this.filters).length === 0) {
      this.counts = count(answer.hits);
    }
    const filters = Object.values(this.filters).flat().join(", ");
    const found = answer.hits.length;
    const building = found === 0 && this.server.isBusy;
    // A first question waits for the index, instead of an answer that there is nothing.
    this.waitsAt = building ? this.server.generation : undefined;
    this.say(
      building
        ? `The index is being built; results for ${question.label} come as soon as there are any.`
        : `${found === 0 ? "Nothing" : found} found for ${question.label}${filters ? `, only ${filters}` : ""}.${lacks(answer)}`,
    );
    this.update();
  }

  private take(hits: Hit[]): void {
    const files = new Map<string, FileNode>();
    this.ranked = hits.map((hit) => {
      const uri = hit.repository === undefined ? hit.uri : shownPath(hit);
      const file = files.get(uri) ?? { type: "file", uri, path: shownPath(hit), hits: [] };
      files.set(uri, file);
      const node: HitNode = { type: "hit", hit, file };
      file.hits.push(node);
      return node;
    });
    this.files = [...files.values()];
  }

  private say(text: string): void {
    this.tree.message = inert(text);
    this.news.fire();
  }

  private update(): void {
    const context = { hasResults: this.question !== undefined, hasFilters: Object.keys(this.filters).length > 0, order: this.order };
    for (const [key, value] of Object.entries(context)) {
      void vscode.commands.executeCommand("setContext", `codanna.${key}`, value);
    }
    const hits = this.files.reduce((sum, file) => sum + file.hits.length, 0);
    this.tree.description = hits > 0 ? `${hits} in ${this.files.length} file${this.files.length === 1 ? "" : "s"}` : undefined;
    this.changed.fire(undefined);
    this.news.fire();
  }

  clear(): void {
    this.source?.cancel();
    this.question = undefined;
    this.waitsAt = undefined;
    this.filters = {};
    this.counts = nothing();
    this.take([]);
    this.tree.message = undefined;
    this.update();
  }

  /** Take one result, or a whole file, out of the list. */
  dismiss(node: Node | undefined = this.tree.selection[0]): void {
    if (!node) {
      return;
    }
    const file = node.type === "file" ? node : node.file;
    const gone = new Set<Node>(node.type === "hit" ? [node] : file.hits);
    file.hits = file.hits.filter((other) => !gone.has(other));
    this.ranked = this.ranked.filter((other) => !gone.has(other));
    this.files = this.files.filter((other) => other.hits.length > 0);
    this.update();
  }

  async openToSide(node: Node | undefined = this.tree.selection[0]): Promise<void> {
    if (node?.type === "hit") {
      await openHit(node.hit, { viewColumn: vscode.ViewColumn.Beside, preview: false });
    }
  }

  async similarToResult(node: Node | undefined = this.tree.selection[0]): Promise<void> {
    if (node?.type === "hit" && node.hit.repository === undefined) {
      const { line, character } = node.hit.selectionRange.start;
      await this.similar({ uri: node.hit.uri }, { position: new vscode.Position(line, character) });
    }
  }

  async setFilters(filters: Filters): Promise<void> {
    this.filters = filters;
    await this.refresh();
  }

  toggleFilter(key: Key, value: string, on: boolean): Promise<void> {
    return this.setFilters(toggled(this.filters, key, value, on));
  }

  async chooseFilters(): Promise<void> {
    const filters = await choose(this.counts, this.filters);
    if (filters) {
      await this.setFilters(filters);
    }
  }

  getChildren(node?: Node): Node[] {
    if (!node) {
      return this.order === "relevance" ? this.ranked : this.files;
    }
    return node.type === "file" ? node.hits : [];
  }

  getParent(node: Node): Node | undefined {
    return node.type === "hit" && this.order === "file" ? node.file : undefined;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.type === "file" ? fileItem(node) : hitItem(node, this.words, this.order === "file");
  }

  dispose(): void {
    this.source?.cancel();
    this.following.dispose();
    this.tree.dispose();
    this.changed.dispose();
    this.news.dispose();
  }
}
