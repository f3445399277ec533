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
export async function openHit(hit: Hit, options: vscode.TextDocumentShowOptions = {}): Promise<vscode.TextEditor> {
  const { start } = range(hit.selectionRange);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri));
  const editor = await vscode.window.showTextDocument(document, { selection: new vscode.Range(start, start), ...options });
  editor.revealRange(range(hit.range), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return editor;
}

/** Shows hits one after the other behind a list, and brings back what was there before. */
export class Preview implements vscode.Disposable {
  private readonly highlight = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
  });
  private readonly before = vscode.window.activeTextEditor;
  private readonly selection = this.before?.selection;
  private readonly visible = this.before?.visibleRanges[0];
  private shown: vscode.TextEditor | undefined;
  private timer: NodeJS.Timeout | undefined;
  private last: Promise<unknown> = Promise.resolve();

  /** Show a hit after a short pause, so that a held arrow key does not open every file on its way. */
  show(hit: Hit | undefined): void {
    clearTimeout(this.timer);
    if (hit) {
      this.timer = setTimeout(() => {
        this.last = this.last.then(() => this.open(hit));
      }, 60);
    }
  }

  private async open(hit: Hit): Promise<void> {
    try {
      const editor = await openHit(hit, { preserveFocus: true, preview: true });
      this.shown?.setDecorations(this.highlight, []);
      this.shown = editor;
      editor.setDecorations(this.highlight, [range(hit.range)]);
    } catch {
      // The file is gone since it was indexed; the list still shows where it was.
    }
  }

  /** Back to the editor and the place where the search began. */
  async restore(): Promise<void> {
    clearTimeout(this.timer);
    await this.last;
    if (!this.shown) {
      return;
    }
    if (!this.before) {
      await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
      return;
    }
    const editor = await vscode.window.showTextDocument(this.before.document, {
      viewColumn: this.before.viewColumn,
      selection: this.selection,
    });
    if (this.visible) {
      editor.revealRange(this.visible, vscode.TextEditorRevealType.AtTop);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.highlight.dispose();
  }
}
