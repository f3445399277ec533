// Showing hits one after the other while a list is open.
import * as vscode from "vscode";
import { highlights } from "./matches";
import { range } from "./open";
import type { Hit } from "./protocol";

/** An arrangement of editors, as VS Code's own commands give and take it; orientation 1 stands them on each other. */
interface Layout {
  orientation: 0 | 1;
  groups: { size?: number; groups?: Layout["groups"] }[];
}

/** The arrangement with one more row of half the height, which is the last group. */
export function withRow({ orientation, groups }: Layout): Layout {
  const rows = orientation === 1 || groups.length === 1 ? groups : [{ groups }];
  const height = rows.reduce((sum, row) => sum + (row.size ?? 0), 0);
  const known = height > 0 && rows.every((row) => row.size);
  return { orientation: 1, groups: [...rows.map((row) => (known ? row : { ...row, size: 1 })), { size: known ? height : rows.length }] };
}

/**
 * Shows hits in a row of editors of its own, the lower half: a list covers the upper one. What was there before comes
 * back in the end.
 */
export class Preview implements vscode.Disposable {
  private readonly highlight = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.inactiveSelectionBackground"),
  });
  private readonly matching = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("editor.findMatchHighlightBackground"),
    borderColor: new vscode.ThemeColor("editor.findMatchHighlightBorder"),
  });
  private readonly column = vscode.window.tabGroups.activeTabGroup.viewColumn;
  private row: vscode.ViewColumn | undefined;
  private layout: Layout | undefined;
  private timer: NodeJS.Timeout | undefined;
  private last: Promise<unknown> = Promise.resolve();
  /** The editor of the hit that is shown. */
  shown: vscode.TextEditor | undefined;

  /** Show a hit after a short pause, so that a held arrow key does not open every file on its way. */
  show(hit: Hit | undefined, words: Set<string>): void {
    clearTimeout(this.timer);
    if (hit && hit.repository === undefined) {
      this.timer = setTimeout(() => {
        this.last = this.last.then(() => this.open(hit, words));
      }, 60);
    }
  }

  private async open(hit: Hit, words: Set<string>): Promise<void> {
    try {
      this.row ??= await this.makeRow();
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri));
      const editor = await vscode.window.showTextDocument(document, { viewColumn: this.row, preserveFocus: true, preview: true });
      this.shown?.setDecorations(this.highlight, []);
      this.shown?.setDecorations(this.matching, []);
      this.shown = editor;
      const { start } = range(hit.selectionRange);
      const place = range(hit.range);
      // A selection that is given to `showTextDocument` would be centered later.
      editor.selection = new vscode.Selection(start, start);
      editor.revealRange(place.with(place.start.translate(-Math.min(2, place.start.line))), vscode.TextEditorRevealType.AtTop);
      editor.setDecorations(this.highlight, [place]);
      editor.setDecorations(this.matching, matches(document, place, words));
    } catch {
      // The file is gone since it was indexed; the list still shows where it was.
    }
  }

  private async makeRow(): Promise<vscode.ViewColumn> {
    this.layout = await vscode.commands.executeCommand<Layout>("vscode.getEditorLayout");
    const row = vscode.window.tabGroups.all.length + 1;
    await vscode.commands.executeCommand("vscode.setEditorLayout", withRow(this.layout));
    return row;
  }

  /** Take the row away, with what is in it. Gives the column in which the search began. */
  async close(): Promise<vscode.ViewColumn> {
    clearTimeout(this.timer);
    await this.last;
    if (this.row && this.layout) {
      const group = vscode.window.tabGroups.all.find(({ viewColumn }) => viewColumn === this.row);
      if (group && group.tabs.length > 0) {
        await vscode.window.tabGroups.close(group, true);
      }
      await vscode.commands.executeCommand("vscode.setEditorLayout", this.layout);
    }
    this.row = undefined;
    this.layout = undefined;
    return this.column;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.highlight.dispose();
    this.matching.dispose();
  }
}

function matches(document: vscode.TextDocument, place: vscode.Range, words: Set<string>): vscode.Range[] {
  const first = document.offsetAt(place.start);
  return highlights(document.getText(place), words).map(
    ([start, end]) => new vscode.Range(document.positionAt(first + start), document.positionAt(first + end)),
  );
}
