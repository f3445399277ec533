// How results look in the side bar, and what screen readers say of them.
import * as vscode from "vscode";
import { highlights } from "./matches";
import { shownPath } from "./open";
import { bestLine, type Hit, icon, title } from "./protocol";
import { addCode, addText, label } from "./text";

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

const COLORED = new Set(["function", "method", "class", "struct", "enum", "interface", "constant", "variable", "field"]);

function color(kind: string): string {
  return COLORED.has(kind) ? kind : kind === "trait" ? "interface" : "text";
}

function folder(path: string): string {
  return path.split("/").slice(0, -1).join("/");
}

export function fileItem(file: FileNode): vscode.TreeItem {
  const elsewhere = file.hits.some(({ hit }) => hit.repository !== undefined);
  const shown = elsewhere ? label(file.path) : vscode.Uri.parse(file.uri);
  const item = typeof shown === "string" ? new vscode.TreeItem(shown, vscode.TreeItemCollapsibleState.Expanded) : new vscode.TreeItem(shown, vscode.TreeItemCollapsibleState.Expanded);
  const count = file.hits.length;
  item.description = label([String(count), elsewhere ? "team" : folder(file.path)].filter(Boolean).join(" · "));
  item.contextValue = "file";
  item.iconPath = elsewhere ? new vscode.ThemeIcon("cloud") : vscode.ThemeIcon.File;
  item.id = file.uri;
  item.accessibilityInformation = { label: label(`${file.path}, ${count} result${count === 1 ? "" : "s"}`) };
  return item;
}

/** A row for a hit; in a list that is not grouped by file, it names its file. */
export function hitItem(node: HitNode, words: Set<string>, grouped: boolean): vscode.TreeItem {
  const { hit } = node;
  const name = label(title(hit));
  const item = new vscode.TreeItem({ label: name, highlights: highlights(name, words) }, vscode.TreeItemCollapsibleState.None);
  const place = `${shownPath(hit)}:${hit.selectionRange.start.line + 1}`;
  const line = hit.name ? bestLine(hit) : "";
  item.description = label(grouped ? line : [place, line].filter(Boolean).join(" · "));
  item.iconPath = new vscode.ThemeIcon(icon(hit.kind), new vscode.ThemeColor(`symbolIcon.${color(hit.kind)}Foreground`));
  item.contextValue = "hit";
  item.tooltip = tooltip(hit);
  item.command = { command: "codanna.view.open", title: "Open", arguments: [node] };
  const container = hit.container && hit.kind !== "text" ? ` of ${hit.container}` : "";
  const spoken = `${hit.kind} ${title(hit)}${container}, ${shownPath(hit)}, line ${hit.selectionRange.start.line + 1}. ${line}`;
  item.accessibilityInformation = { label: label(spoken.trim()) };
  return item;
}

export function tooltip(hit: Hit): vscode.MarkdownString {
  const text = addCode(new vscode.MarkdownString(), hit.signature || bestLine(hit), hit.language);
  if (hit.doc) {
    addText(text, hit.doc);
  }
  return hit.reasons.length > 0 ? addText(text.appendMarkdown("\n\n"), `Found by ${hit.reasons.join(", ")}.`) : text;
}
