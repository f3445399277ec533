// A search that follows the typing.
import * as vscode from "vscode";
import type { Answer } from "./protocol";

export const PAUSE = 150;

export type Ask = (query: string, token: vscode.CancellationToken) => Promise<Answer>;

/** Waits for a pause, cancels the request under way, and never shows an answer to an older question. */
export class LiveSearch implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private source: vscode.CancellationTokenSource | undefined;
  private asked: string | undefined;

  constructor(
    private readonly ask: Ask,
    private readonly show: (answer: Answer | undefined, query: string) => void,
    private readonly busy: (busy: boolean) => void,
    private readonly failed: (error: unknown) => void,
    private readonly pause = PAUSE,
  ) {}

  query(text: string, now = false): void {
    const query = text.trim();
    if (query === this.asked) {
      return;
    }
    this.asked = query;
    clearTimeout(this.timer);
    this.source?.cancel();
    this.source = undefined;
    if (!query) {
      this.busy(false);
      this.show(undefined, query);
      return;
    }
    this.busy(true);
    this.timer = setTimeout(() => void this.send(query), now ? 0 : this.pause);
  }

  /** Ask the same question again, for the index knows more now. What is shown stays until the answer is there. */
  again(): void {
    if (this.asked && !this.source) {
      clearTimeout(this.timer);
      const query = this.asked;
      this.timer = setTimeout(() => void this.send(query), this.pause);
    }
  }

  private async send(query: string): Promise<void> {
    const source = new vscode.CancellationTokenSource();
    this.source = source;
    try {
      const answer = await this.ask(query, source.token);
      if (this.source === source) {
        this.show(answer, query);
      }
    } catch (error) {
      if (this.source === source) {
        this.failed(error);
      }
    } finally {
      if (this.source === source) {
        this.source = undefined;
        this.busy(false);
      }
      source.dispose();
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.source?.cancel();
    this.source = undefined;
    this.asked = undefined;
  }
}
