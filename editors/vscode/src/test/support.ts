// What the tests inside the extension host share.
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Api } from "../extension";
import type { QuickSearch } from "../quickSearch";

export type Tests = [claim: string, body: () => Promise<void>][];

export let api: Api;

export async function activate(): Promise<vscode.Extension<Api>> {
  const extension = vscode.extensions.getExtension<Api>("codanna.codanna-lsp")!;
  api = await extension.activate();
  return extension;
}

export async function until<T>(what: string, look: () => T | Promise<T>, seconds = 90): Promise<Exclude<NonNullable<T>, false>> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (value) {
      return value as Exclude<NonNullable<T>, false>;
    }
    if (Date.now() > end) {
      throw new Error(`timed out: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export const ready = () => [...api.server.folders.values()].some((folder) => folder.state === "ready" && (folder.symbols ?? 0) > 0);
export const configuration = () => vscode.workspace.getConfiguration("codanna");
export const where = () => {
  const editor = vscode.window.activeTextEditor;
  return editor && `${path.basename(editor.document.fileName)}:${editor.selection.active.line + 1}`;
};
/** What a list shows below itself. */
export const preview = ({ preview: { shown } }: QuickSearch) =>
  shown && `${path.basename(shown.document.fileName)}:${shown.selection.active.line + 1}`;
export const file = (name: string) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0].uri, name);

/** Replace a function of an object while `run` runs. */
export async function replacing<T extends object, K extends keyof T>(object: T, key: K, value: T[K], run: () => Promise<void>) {
  const original = object[key];
  object[key] = value;
  try {
    await run();
  } finally {
    object[key] = original;
  }
}

export type Messages = { message: string; buttons: string[] }[];

/** Collects error messages; nobody presses a button. */
export async function collectingErrors(run: (messages: Messages) => Promise<void>) {
  const messages: Messages = [];
  const collect = async (message: string, ...buttons: string[]) => {
    messages.push({ message, buttons });
    return undefined;
  };
  await replacing(vscode.window, "showErrorMessage", collect as unknown as typeof vscode.window.showErrorMessage, () => run(messages));
}

/** Let the browser press a button that VS Code shows; gives the texts of all notifications at that time. */
export async function press(button: string): Promise<string[]> {
  const answer = path.join(os.homedir(), "notifications.json");
  await fs.rm(answer, { force: true });
  // The driver of these tests switches off notifications that pop up; they are all in this list.
  await vscode.commands.executeCommand("notifications.showList");
  console.log(`press: ${button}`);
  const text = await until(`${button} to be pressed`, () => fs.readFile(answer, "utf8").catch(() => ""));
  return JSON.parse(text) as string[];
}

/** How the programs that the driver put in place were called, in this order. */
export async function calls(): Promise<string[]> {
  const text = await fs.readFile(path.join(os.homedir(), "record"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean);
}
