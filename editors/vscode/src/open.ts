// Showing where a hit is.
import * as vscode from "vscode";
import type { Hit } from "./protocol";

export function range(place: Hit["range"]): vscode.Range {
  return new vscode.Range(place.start.line, place.start.character, place.end.line, place.end.character);
}

/** Where a hit is, as VS Code shows it: with the folder's name in front where the workspace has several. */
export function shownPath(hit: Hit): string {
  if (hit.repository !== undefined) {
    return `[${hit.repository}] ${hit.path}`;
  }
  return vscode.workspace.asRelativePath(vscode.Uri.parse(hit.uri));
}

/** Open a result of the team's index in the browser, by the user's own link template. */
export async function openElsewhere(hit: Pick<Hit, "url">): Promise<void> {
  if (hit.url?.startsWith("https://")) {
    await vscode.env.openExternal(vscode.Uri.parse(hit.url));
    return;
  }
  const choice = await vscode.window.showInformationMessage("This result is not checked out. Set codanna.team.link to open such results in the browser.", "Open Settings");
  if (choice) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "codanna.team.link");
  }
}

/** Open a hit with the cursor on its name; one of the team's index in the browser. */
export async function openHit(hit: Pick<Hit, "uri" | "range" | "selectionRange" | "repository" | "url">, options: vscode.TextDocumentShowOptions = {}): Promise<vscode.TextEditor | undefined> {
  if (hit.repository !== undefined) {
    await openElsewhere(hit);
    return undefined;
  }
  const { start } = range(hit.selectionRange);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri));
  const editor = await vscode.window.showTextDocument(document, { selection: new vscode.Range(start, start), ...options });
  editor.revealRange(range(hit.range), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return editor;
}
