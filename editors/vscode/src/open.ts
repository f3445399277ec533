// Showing where a hit is.
import * as vscode from "vscode";
import type { Hit } from "./protocol";

export function range(place: Hit["range"]): vscode.Range {
  return new vscode.Range(place.start.line, place.start.character, place.end.line, place.end.character);
}

/** Where a hit is, as VS Code shows it: with the folder's name in front where the workspace has several. */
export function shownPath(hit: Hit): string {
  return vscode.workspace.asRelativePath(vscode.Uri.parse(hit.uri));
}

/** Open a hit with the cursor on its name. */
export async function openHit(hit: Pick<Hit, "uri" | "range" | "selectionRange">, options: vscode.TextDocumentShowOptions = {}): Promise<vscode.TextEditor> {
  const { start } = range(hit.selectionRange);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri));
  const editor = await vscode.window.showTextDocument(document, { selection: new vscode.Range(start, start), ...options });
  editor.revealRange(range(hit.range), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return editor;
}
