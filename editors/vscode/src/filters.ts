// Restricting results to kinds, languages and folders.
import * as vscode from "vscode";
import { shownPath } from "./open";
import { type Answer, type Filters, type Hit, icon } from "./protocol";
import { label } from "./text";

export const LIMIT = 50;

export type Key = "kinds" | "languages" | "paths";
export type Counts = Record<Key, Map<string, number>>;

interface FilterItem extends vscode.QuickPickItem {
  key?: Key;
  value?: string;
}

/** The folders of a workspace that has more than one; their names are in front of the paths that are shown. */
function severalFolders(): readonly vscode.WorkspaceFolder[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length > 1 ? folders : [];
}

/** Ask with filters whose paths are those that are shown; the server knows only paths inside of a folder. */
export async function inFolders(
  filters: Filters,
  ask: (rest: { limit: number; filters: Filters }) => Promise<Answer>,
): Promise<Answer> {
  const folders = severalFolders();
  const { paths, ...others } = filters;
  if (!paths || folders.length === 0) {
    return ask({ limit: LIMIT, filters });
  }
  const inner = paths.map((path) => path.slice((folders.find(({ name }) => path.startsWith(`${name}/`))?.name.length ?? -1) + 1));
  // An empty path is a whole folder of the workspace, and nothing that the server could restrict itself to.
  const narrowed = inner.includes("") ? others : { ...others, paths: inner };
  const answer = await ask({ limit: LIMIT * folders.length, filters: narrowed });
  const wanted = answer.hits.filter((hit) => paths.some((path) => shownPath(hit).startsWith(path)));
  return { ...answer, hits: wanted.slice(0, LIMIT) };
}

export function nothing(): Counts {
  return { kinds: new Map(), languages: new Map(), paths: new Map() };
}

/** How many of the hits each filter would leave. */
export function count(hits: Hit[]): Counts {
  const counts = nothing();
  const add = (key: Key, value: string) => counts[key].set(value, (counts[key].get(value) ?? 0) + 1);
  for (const hit of hits) {
    add("kinds", hit.kind);
    add("languages", hit.language);
    const parts = shownPath(hit).split("/").slice(0, -1);
    if (parts.length > 0) {
      add("paths", `${parts.join("/")}/`);
    }
    // A folder of a workspace with several is worth choosing as a whole.
    if (parts.length > 1 && severalFolders().some(({ name }) => name === parts[0])) {
      add("paths", `${parts[0]}/`);
    }
  }
  return counts;
}

/** Let the user choose kinds, languages and folders; undefined if they do not. */
export async function choose(counts: Counts, chosen: Filters): Promise<Filters | undefined> {
  const part = (name: string): FilterItem => ({ label: name, kind: vscode.QuickPickItemKind.Separator });
  const choices = (key: Key): FilterItem[] =>
    [...new Set([...(chosen[key] ?? []), ...counts[key].keys()])].sort().map((value) => ({
      label: key === "kinds" ? `$(${icon(value)}) ${value}` : label(value),
      description: counts[key].get(value)?.toString(),
      key,
      value,
      picked: chosen[key]?.includes(value) ?? false,
    }));
  const items = [part("Kind"), ...choices("kinds"), part("Language"), ...choices("languages"), part("Folder"), ...choices("paths")];
  const picked = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    title: "Show only these results",
    placeHolder: "Kinds, languages and folders; several of one sort mean any of them",
  });
  return picked?.reduce<Filters>((all, { key, value }) => (key && value ? toggled(all, key, value, true) : all), {});
}

/** The filters with one more, or one less. */
export function toggled(filters: Filters, key: Key, value: string, on: boolean): Filters {
  const { [key]: before = [], ...others } = filters;
  const after = [...before.filter((one) => one !== value), ...(on ? [value] : [])];
  return after.length > 0 ? { ...others, [key]: after } : others;
}
