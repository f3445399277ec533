// What was asked in this workspace, the newest first. VS Code keeps it with the workspace, on this machine.
import type { Memento } from "vscode";

const KEY = "codanna.history";
const MOST = 50;

export class History {
  constructor(private readonly memento: Memento) {}

  get questions(): string[] {
    const kept = this.memento.get<unknown>(KEY, []);
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string") : [];
  }

  add(question: string): void {
    const text = question.trim();
    if (text) {
      const others = this.questions.filter((one) => one !== text);
      void this.memento.update(KEY, [text, ...others].slice(0, MOST));
    }
  }

  clear(): Thenable<void> {
    return this.memento.update(KEY, undefined);
  }
}
