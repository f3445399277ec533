// The field above the results: the question, the order and the filters. A web view, for VS Code has no field of its own.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { Key } from "./filters";
import type { History } from "./history";
import type { Order, ResultsView } from "./resultsView";
import { inert } from "./text";

/** Chips of one sort that fit; the filter command has them all. */
const CHIPS: Record<Key, number> = { kinds: 5, languages: 4, paths: 4 };
const PAUSE = 300;

/** What the page may send. Its text is the user's; everything else is checked. */
type Sent =
  | { type: "ready" }
  | { type: "typed" | "ask"; text: string }
  | { type: "order"; order: Order }
  | { type: "filter"; key: Key; value: string; on: boolean }
  | { type: "results" };

export interface Chip {
  key: Key;
  value: string;
  count: number | undefined;
  on: boolean;
}

/** The page itself. Nothing of a workspace is in it: that comes as messages, and is shown as text. */
export function page(webview: vscode.Webview, folder: vscode.Uri, name: string, body: string): string {
  const nonce = randomBytes(16).toString("hex");
  const part = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString();
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link nonce="${nonce}" rel="stylesheet" href="${part(`${name}.css`)}">
<title>Codanna</title>
</head>
<body>
${body}
<script nonce="${nonce}" src="${part(`${name}.js`)}"></script>
</body>
</html>`;
}

const BODY = `<input id="question" type="search" autocomplete="off" spellcheck="false" aria-describedby="said"
  aria-label="What should the code do?" placeholder="What should the code do?"
  title="Enter keeps the question, the up and down arrows bring back earlier ones, Down behind the last one goes to the results">
<p id="said" role="status" aria-live="polite"></p>
<div id="order" role="radiogroup" aria-label="Order of the results" hidden>
<button type="button" role="radio" data-order="relevance">By relevance</button><button type="button" role="radio" data-order="file">By file</button>
</div>
<div id="filters" role="group" aria-label="Show only these results"></div>`;

/** Of a folder the last two names: its whole path would take a row for itself. */
function shortened({ key, value }: Chip): string {
  const parts = value.split("/");
  return key === "paths" && parts.length > 3 ? `…/${parts.slice(-3).join("/")}` : value;
}

export class QuestionView implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly media: vscode.Uri;
  private readonly subscriptions: vscode.Disposable[];
  private focused = false;

  constructor(
    extension: vscode.Uri,
    private readonly results: ResultsView,
    private readonly history: History,
  ) {
    this.media = vscode.Uri.joinPath(extension, "media");
    this.subscriptions = [
      results.onDidChange(() => this.send()),
      vscode.window.registerWebviewViewProvider("codanna.question", this, { webviewOptions: { retainContextWhenHidden: true } }),
    ];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = { enableScripts: true, localResourceRoots: [this.media] };
    view.webview.html = page(view.webview, this.media, "question", BODY);
    view.webview.onDidReceiveMessage((message: Sent) => this.received(message));
    view.onDidDispose(() => (this.view = undefined));
  }

  /** Put the cursor into the field, with a question to begin with. */
  async focus(text = ""): Promise<void> {
    this.focused = true;
    await vscode.commands.executeCommand("codanna.question.focus");
    this.send(text);
  }

  /** The filters of the answer, the frequent ones first, and those that are set in any case. */
  chips(): Chip[] {
    const { counts, filters } = this.results;
    return (["kinds", "languages", "paths"] as const).flatMap((key) => {
      const set = filters[key] ?? [];
      const frequent = [...counts[key]].sort((one, other) => other[1] - one[1]).map(([value]) => value);
      // One choice alone would leave everything as it is.
      const values = [...new Set([...set, ...(frequent.length > 1 ? frequent.slice(0, CHIPS[key]) : [])])];
      return values.map((value) => ({ key, value, count: counts[key].get(value), on: set.includes(value) }));
    });
  }

  private send(text = this.results.text): void {
    const message = {
      text,
      focus: this.focused,
      history: this.history.questions,
      said: this.results.tree.message ?? "",
      order: this.results.order,
      chips: this.chips().map((chip) => ({ ...chip, shown: inert(shortened(chip)), whole: inert(chip.value) })),
    };
    void this.view?.webview.postMessage(message).then((there) => {
      this.focused &&= !there;
    });
  }

  /** As if the page sent it. */
  async received(message: Sent): Promise<void> {
    clearTimeout(this.timer);
    if (message.type === "ready") {
      this.send();
    } else if (message.type === "typed" && typeof message.text === "string") {
      this.timer = setTimeout(() => void this.typed(message.text), PAUSE);
    } else if (message.type === "ask" && typeof message.text === "string") {
      this.history.add(message.text);
      await this.typed(message.text);
    } else if (message.type === "order") {
      await this.results.setOrder(message.order === "relevance" ? "relevance" : "file");
    } else if (message.type === "filter" && ["kinds", "languages", "paths"].includes(message.key)) {
      await this.results.toggleFilter(message.key, String(message.value), message.on === true);
    } else if (message.type === "results") {
      await vscode.commands.executeCommand("codanna.results.focus");
    }
  }

  private async typed(text: string): Promise<void> {
    const question = text.trim();
    if (!question) {
      this.results.clear();
    } else if (question !== this.results.text) {
      await this.results.search(question, true);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.subscriptions) {
      one.dispose();
    }
  }
}
