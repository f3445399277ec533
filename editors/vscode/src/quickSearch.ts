// The list that searches while one types.
import * as vscode from "vscode";
import { LIMIT } from "./filters";
import type { History } from "./history";
import { LiveSearch } from "./live";
import { wanted } from "./matches";
import { openHit, shownPath } from "./open";
import { Preview } from "./preview";
import { type Answer, bestLine, type Hit, icon, lacks, sentence, title } from "./protocol";
import type { Server } from "./server";
import { inert, label } from "./text";

export interface Item extends vscode.QuickPickItem {
  hit?: Hit;
  /** An earlier question. */
  question?: string;
}

const TO_SIDE: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("split-horizontal"),
  tooltip: "Open to the Side",
};
const KEEP: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("list-tree"),
  tooltip: "Keep the Results in the Side Bar",
};

export function item(hit: Hit): Item {
  const container = hit.container && hit.kind !== "text" ? hit.container : "";
  const place = `${shownPath(hit)}:${hit.selectionRange.start.line + 1}`;
  // What is not checked out says so first: no long name in front can hide it.
  const parts = hit.repository === undefined ? [container, place] : [place, container];
  return {
    label: `$(${icon(hit.kind)}) ${label(title(hit))}`,
    description: label(parts.filter(Boolean).join(" · ")),
    detail: label(bestLine(hit)),
    // The server has chosen and ranked; VS Code must not filter by letters.
    alwaysShow: true,
    buttons: [TO_SIDE],
    hit,
  };
}

/** Ask and open; `keep` puts the results into the side bar. */
export class QuickSearch implements vscode.Disposable {
  readonly pick = vscode.window.createQuickPick<Item>();
  readonly preview = new Preview();
  private readonly live: LiveSearch;
  private readonly following: vscode.Disposable;
  private accepted = false;
  private incomplete = false;
  private words = new Set<string>();

  constructor(
    private readonly server: Server,
    private readonly history: History,
    keep: (query: string) => void,
    query = "",
  ) {
    const textDocument = vscode.window.activeTextEditor?.document.uri;
    const near = textDocument?.scheme === "file" ? { uri: textDocument.toString() } : undefined;
    const pick = this.pick;
    // A proposed property that VS Code has had for years; without it the list is sorted by letters.
    (pick as unknown as { sortByLabel: boolean }).sortByLabel = false;
    pick.placeholder = "What should the code do? For example: retry failed uploads";
    pick.title = "Search by Meaning";
    pick.buttons = [KEEP];
    pick.matchOnDescription = false;
    pick.matchOnDetail = false;
    this.live = new LiveSearch(
      (text, token) => server.search({ query: text, limit: LIMIT, team: true, textDocument: near }, token),
      (answer, question) => this.show(answer, question),
      (busy) => {
        pick.busy = busy;
      },
      (error) => this.message(`$(error) ${label(error instanceof Error ? error.message : String(error))}`),
    );
    let generation = server.generation;
    this.following = server.onDidChange(() => {
      if (this.incomplete && server.generation !== generation) {
        generation = server.generation;
        this.live.again();
      }
    });
    pick.onDidChangeValue((text) => this.live.query(text));
    pick.onDidChangeActive(([active]) => this.preview.show(active?.hit, this.words));
    pick.onDidAccept(() => void this.accept(pick.activeItems[0]));
    pick.onDidTriggerItemButton((event) => void this.accept(event.item, vscode.ViewColumn.Beside));
    pick.onDidTriggerButton(() => {
      const text = pick.value.trim();
      if (text) {
        this.accepted = true;
        pick.hide();
        keep(text);
      }
    });
    pick.onDidHide(() => void this.hidden());
    pick.value = query;
    pick.show();
    this.live.query(query, true);
  }

  /** As if the user typed it. */
  type(text: string): void {
    this.pick.value = text;
    this.live.query(text);
  }

  private show(answer: Answer | undefined, question: string): void {
    this.words = wanted(question);
    if (!answer) {
      this.pick.items = this.history.questions.map((text) => ({
        label: `$(history) ${label(text)}`,
        alwaysShow: true,
        question: text,
      }));
      return;
    }
    this.incomplete = answer.indexed < 1 || answer.hits.length === 0;
    if (answer.hits.length === 0) {
      this.message(this.server.isBusy ? "$(sync~spin) The index is being built…" : label(`Nothing was found.${lacks(answer)}`));
      return;
    }
    const problems = answer.problems.map((problem) => ` · ${sentence(problem)}`).join("");
    this.pick.title = inert(`Search by Meaning${problems}`);
    this.pick.items = answer.hits.map(item);
    this.pick.activeItems = [this.pick.items[0]];
  }

  private message(text: string): void {
    this.pick.items = [{ label: text, alwaysShow: true }];
  }

  async accept(chosen: Item | undefined, viewColumn?: vscode.ViewColumn): Promise<void> {
    if (chosen?.question) {
      this.type(chosen.question);
    }
    if (!chosen?.hit) {
      return;
    }
    this.accepted = true;
    this.history.add(this.pick.value);
    this.pick.hide();
    const column = await this.preview.close();
    await openHit(chosen.hit, { viewColumn: viewColumn ?? column, preview: false });
  }

  private async hidden(): Promise<void> {
    this.live.dispose();
    const { shown } = this.preview;
    // Who clicks into the preview wants to stay there.
    const stays = shown && shown === vscode.window.activeTextEditor ? shown : undefined;
    const column = await this.preview.close();
    if (stays && !this.accepted) {
      await vscode.window.showTextDocument(stays.document, { viewColumn: column, selection: stays.selection, preview: false });
    }
    this.dispose();
  }

  dispose(): void {
    this.following.dispose();
    this.live.dispose();
    this.preview.dispose();
    this.pick.dispose();
  }
}
