// One item in the status bar: what the index is doing, and whether something is missing.
import * as vscode from "vscode";
import { type Folder, sentence } from "./protocol";
import type { Server } from "./server";
import { addText, inert } from "./text";

export function describe(folder: Folder): string {
  if (folder.state === "indexing" && folder.filesTotal) {
    return `indexing, ${Math.floor((100 * (folder.filesIndexed ?? 0)) / folder.filesTotal)} %`;
  }
  if (folder.state === "ready" || folder.state === "read-only") {
    const count = `${(folder.symbols ?? 0).toLocaleString("en")} symbols`;
    if (folder.state === "read-only") {
      return `${count}, read-only`;
    }
    return folder.writer === false ? `${count}, kept current by another window` : count;
  }
  return folder.state;
}

export function tooltip(folders: Folder[], state: Server["state"]): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  if (folders.length === 0) {
    text.appendMarkdown(`Codanna: the server is ${state}`);
  }
  for (const folder of folders) {
    addText(text, `${folder.name}: ${describe(folder)}`).appendMarkdown("  \n");
    for (const problem of folder.problems) {
      const sign = problem.path ? text.appendMarkdown("$(info) ") : text.appendMarkdown("$(warning) ");
      addText(sign, sentence(problem)).appendMarkdown("  \n");
    }
  }
  return text;
}

function problemsOf({ problems }: Folder): string {
  return problems.length === 0 ? "" : `, ${problems.length} problem${problems.length === 1 ? "" : "s"}`;
}

/** Whether more is missing than some file: one that does not parse as a whole is found by its text all the same. */
export function isWanting({ problems }: Folder): boolean {
  return problems.some(({ path }) => !path);
}

export class StatusBar implements vscode.Disposable {
  readonly item = vscode.window.createStatusBarItem("codanna.status", vscode.StatusBarAlignment.Right, 90);
  private readonly subscription: vscode.Disposable;

  constructor(private readonly server: Server) {
    this.item.name = "Codanna";
    this.item.command = "codanna.showStatus.menu";
    this.subscription = server.onDidChange(() => this.update());
    this.update();
    this.item.show();
  }

  private update(): void {
    const folders = [...this.server.folders.values()];
    const indexing = folders.find((folder) => folder.state === "indexing" && folder.filesTotal);
    const failed = this.server.state === "missing" || folders.some((folder) => folder.state === "failed");
    let icon = "search";
    if (failed) {
      icon = "error";
    } else if (this.server.isBusy) {
      icon = "sync~spin";
    } else if (folders.some(isWanting)) {
      icon = "warning";
    }
    const share = indexing ? ` ${describe(indexing).replace("indexing, ", "")}` : "";
    this.item.text = `$(${icon}) Codanna${share}`;
    this.item.backgroundColor = failed ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    this.item.tooltip = tooltip(folders, this.server.state);
    const said = folders.map((folder) => `${folder.name}: ${describe(folder)}${problemsOf(folder)}`);
    this.item.accessibilityInformation = { label: inert(`Codanna, ${said.join("; ") || `the server is ${this.server.state}`}`) };
  }

  dispose(): void {
    this.subscription.dispose();
    this.item.dispose();
  }
}
