import * as vscode from "vscode";
import { Agents } from "./agents";
import { History } from "./history";
import { MapPanel } from "./mapPanel";
import { Navigation } from "./navigation";
import { openHit } from "./open";
import { sentence } from "./protocol";
import { QuestionView } from "./questionView";
import { QuickSearch } from "./quickSearch";
import { showCallers, showImpact } from "./relations";
import { ResultsView } from "./resultsView";
import type { Node } from "./rows";
import { Server } from "./server";
import { describe, StatusBar } from "./statusBar";
import { label } from "./text";

/** What the extension gives to its tests and to other extensions. */
export interface Api {
  server: Server;
  navigation: Navigation;
  view: ResultsView;
  question: QuestionView;
  history: History;
  agents: Agents;
  statusBar: StatusBar;
  search(query?: string): QuickSearch;
}

export function activate(context: vscode.ExtensionContext): Api {
  const output = vscode.window.createOutputChannel("Codanna", { log: true });
  const navigation = new Navigation();
  const server = new Server(context, output, navigation);
  const history = new History(context.workspaceState);
  const view = new ResultsView(server, history, context.workspaceState);
  const question = new QuestionView(context.extensionUri, view, history);
  const statusBar = new StatusBar(server);
  const agents = new Agents(server, String(context.extension.packageJSON.version));
  context.subscriptions.push(output, navigation, server, view, question, statusBar, agents);

  const search = (query?: string): QuickSearch => {
    const text = query ?? selectedWords();
    return new QuickSearch(server, history, (kept) => void view.search(kept), text);
  };
  const command = (name: string, run: (...args: never[]) => unknown): void => {
    context.subscriptions.push(vscode.commands.registerCommand(name, run));
  };
  // Errors of commands are shown to the user by VS Code itself.
  command("codanna.search", (query?: string) => void search(typeof query === "string" ? query : undefined));
  command("codanna.searchInView", async (query?: string) => {
    if (typeof query === "string" && query.trim()) {
      await view.search(query.trim());
    } else {
      await question.focus(selectedWords() || view.text);
    }
  });
  command("codanna.similar", () => similarToSelection(view));
  command("codanna.showSimilar", (params: { textDocument: { uri: string }; position?: vscode.Position; range?: vscode.Range }) =>
    view.similar(params.textDocument, { position: params.position, range: params.range }),
  );
  command("codanna.showCallers", () => showCallers(server, view));
  command("codanna.showImpact", () => showImpact(server, view));
  command("codanna.view.open", (node: Node) => (node.type === "hit" ? openHit(node.hit) : undefined));
  command("codanna.view.refresh", () => view.refresh());
  command("codanna.view.filter", () => view.chooseFilters());
  command("codanna.view.clearFilters", () => view.setFilters({}));
  command("codanna.view.clear", () => view.clear());
  command("codanna.view.byRelevance", () => view.setOrder("relevance"));
  command("codanna.view.byFile", () => view.setOrder("file"));
  command("codanna.view.similar", (node?: Node) => view.similarToResult(node));
  command("codanna.showMap", () => MapPanel.show(server, context.extensionUri));
  command("codanna.clearHistory", () => history.clear());
  command("codanna.view.dismiss", (node?: Node) => view.dismiss(node));
  command("codanna.view.openToSide", (node?: Node) => view.openToSide(node));
  command("codanna.showStatus.menu", () => showMenu(server));
  command("codanna.reindexWorkspace", () => server.execute("codanna.reindex"));
  command("codanna.cleanIndex", async () => {
    const question = "Remove the index of this workspace and rebuild it? Your files are not changed.";
    if ((await vscode.window.showWarningMessage(question, { modal: true }, "Remove")) === "Remove") {
      await server.execute("codanna.clean");
    }
  });
  command("codanna.showLog", () => showLog(server, output));
  command("codanna.restartServer", () => server.restart());

  // A step of the walkthrough is done once the server runs. VS Code ignores a context that holds before it knows the
  // walkthrough, and it knows it once a page without a document of its own, such as this one, was opened.
  const tellWalkthrough = (): void => {
    const page = vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ input }) => input === undefined));
    void vscode.commands.executeCommand("setContext", "codanna.running", page && server.state === "running");
  };
  context.subscriptions.push(
    server.onDidChange(tellWalkthrough),
    vscode.window.tabGroups.onDidChangeTabs(tellWalkthrough),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("codanna.serverPath") || event.affectsConfiguration("codanna.serverPackage")) {
        void server.restart();
      }
    }),
  );
  if (vscode.workspace.workspaceFolders?.length) {
    void server.start();
  } else {
    // An empty window has nothing to search; the first folder starts the server.
    context.subscriptions.push(
      vscode.workspace.onDidChangeWorkspaceFolders((event) => {
        if (event.added.length > 0) {
          void server.start();
        }
      }),
    );
  }
  return { server, navigation, view, question, history, agents, statusBar, search };
}

/** A selection on one line is the beginning of a question. */
function selectedWords(): string {
  const editor = vscode.window.activeTextEditor;
  return editor?.selection.isSingleLine ? editor.document.getText(editor.selection).trim() : "";
}

async function similarToSelection(view: ResultsView): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.document.uri.scheme !== "file") {
    void vscode.window.showInformationMessage("Open a file and select the code to compare with.");
    return;
  }
  const { selection } = editor;
  await view.similar(
    { uri: editor.document.uri.toString() },
    selection.isEmpty ? { position: selection.active } : { range: new vscode.Range(selection.start, selection.end) },
  );
}

async function showMenu(server: Server): Promise<void> {
  const folders = [...server.folders.values()];
  interface Entry extends vscode.QuickPickItem {
    command?: string;
    args?: unknown[];
  }
  const entry = (text: string, command: string, ...args: unknown[]): Entry => ({ label: text, command, args });
  const separator = (text: string): Entry => ({ label: text, kind: vscode.QuickPickItemKind.Separator });
  const entries: Entry[] = [
    ...folders.map((folder) => ({
      label: `$(folder) ${label(folder.name)}`,
      description: label(describe(folder)),
      detail: folder.problems.map((problem) => `$(${problem.path ? "info" : "warning"}) ${label(sentence(problem))}`).join(" ") || undefined,
    })),
    separator(""),
    entry("$(search) Search by Meaning…", "codanna.search"),
    entry("$(refresh) Rebuild the Index", "codanna.reindexWorkspace"),
    entry("$(trash) Remove and Rebuild the Index", "codanna.cleanIndex"),
    entry("$(output) Show the Server's Log", "codanna.showLog"),
    entry("$(debug-restart) Restart the Server", "codanna.restartServer"),
    entry("$(gear) Settings", "workbench.action.openSettings", "@ext:codanna.codanna-lsp"),
  ];
  const chosen = await vscode.window.showQuickPick(entries, { title: `Codanna: the server is ${server.state}` });
  if (chosen?.command) {
    await vscode.commands.executeCommand(chosen.command, ...(chosen.args ?? []));
  }
}

/** The server's own log; the output channel where there is none. */
async function showLog(server: Server, output: vscode.LogOutputChannel): Promise<void> {
  const log = server.state === "running" ? (await server.status()).server.log : null;
  if (log) {
    await vscode.window.showTextDocument(vscode.Uri.file(log));
  } else {
    output.show();
  }
}
