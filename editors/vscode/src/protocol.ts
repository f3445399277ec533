// What the server answers, as docs/protocol.md describes it; tests/contract/test_wire.py compares hits, problems and states.
import type { Position, Range } from "vscode-languageclient";

export interface Hit {
  name: string;
  kind: string;
  symbolKind: number;
  container: string;
  language: string;
  uri: string;
  path: string;
  range: Range;
  selectionRange: Range;
  signature: string;
  doc: string;
  snippet: { line: number; text: string; best: boolean }[];
  score: number;
  reasons: string[];
  deprecated: boolean;
  signals?: Record<string, number>;
  /** Of a result of the team's index, which is in no file here; `url` is empty without a link template. */
  repository?: string;
  branch?: string;
  revision?: string;
  url?: string;
}

export interface Problem {
  code: string;
  message: string;
  path?: string | null;
}

export interface Filters {
  kinds?: string[];
  languages?: string[];
  paths?: string[];
}

export interface Answer {
  hits: Hit[];
  indexed: number;
  problems: Problem[];
}

export interface SearchParams {
  query: string;
  limit?: number;
  filters?: Filters;
  team?: boolean;
  textDocument?: { uri: string };
}

export interface SimilarParams {
  textDocument: { uri: string };
  position?: Position;
  range?: Range;
  limit?: number;
  filters?: Filters;
  team?: boolean;
}

export interface ContextParams {
  question?: unknown;
  budget?: number;
  filters?: Record<string, unknown>;
}

export interface ContextAnswer {
  text: string;
  leftOut: number;
  indexed: number;
  problems: Problem[];
}

/** A definition, by a place, or what a diff changes. */
export interface RelationParams {
  textDocument?: { uri: string };
  position?: Position;
  name?: string;
  diff?: string;
}

export interface Definition {
  name: string;
  kind: string;
  symbolKind: number;
  container: string;
  language: string;
  uri: string;
  path: string;
  range: Range;
  selectionRange: Range;
}

export interface Edge {
  uri: string;
  path: string;
  range: Range;
  symbol: Definition | null;
  tier: "certain" | "likely" | "possible";
  probability: number;
  reason: string;
  role: string;
  depth: number;
  test: boolean;
}

export interface Relations {
  targets: Definition[];
  candidates: Definition[];
  edges: Edge[];
  complete: boolean;
  unknown: number;
  weaker: number;
  indexed: number;
  files: { searched: number; total: number };
  problems: Problem[];
}

export interface Folder {
  uri: string;
  name: string;
  state: "opening" | "empty" | "indexing" | "embedding" | "training" | "ready" | "incomplete" | "read-only" | "failed";
  writer?: boolean;
  generation?: number;
  filesIndexed?: number;
  filesTotal?: number;
  symbols?: number;
  vectorsPending?: number;
  model?: string;
  problems: Problem[];
}

export interface Status {
  folders: Folder[];
  server: { version: string; pid: number; log: string | null };
}

export interface MapRegion {
  words: string[];
  count: number;
  x: number;
  y: number;
  radius: number;
  symbols: (Pick<Hit, "name" | "kind" | "container" | "uri" | "path" | "range" | "selectionRange"> & { x: number; y: number })[];
}

export interface MapFolder {
  uri: string;
  name: string;
  symbols: number;
  sampled: boolean;
  regions: MapRegion[];
}

const ICONS: Record<string, string> = {
  function: "symbol-function",
  method: "symbol-method",
  class: "symbol-class",
  struct: "symbol-structure",
  enum: "symbol-enum",
  trait: "symbol-interface",
  interface: "symbol-interface",
  module: "symbol-namespace",
  constant: "symbol-constant",
  variable: "symbol-variable",
  field: "symbol-field",
  type: "symbol-type-parameter",
  macro: "symbol-keyword",
  heading: "symbol-string",
  text: "symbol-file",
};

export function icon(kind: string): string {
  return ICONS[kind] ?? "symbol-misc";
}

/** What a hit is called: its name, or its best line where it has none. */
export function title(hit: Hit): string {
  return hit.name || bestLine(hit) || hit.path;
}

const OPENS = /^(?:[rub]{0,2}(?:"""|''')|\/\*[*!]?|\/\/[/!]?(?=\s|$)|(?:#|--|;+|\*)(?=\s))\s*/i;
const CLOSES = /\s*(?:"""|'''|\*\/)$/;

/** The source line that fits the question best, without the marks that make a comment of it. */
export function bestLine(hit: Hit): string {
  const part = hit.snippet.find((line) => line.best) ?? hit.snippet[0];
  const line = (part?.text ?? hit.signature).trim();
  return line.replace(OPENS, "").replace(CLOSES, "") || line;
}

/** What is missing in an answer, as sentences to put behind another one. */
export function lacks(answer: Answer): string {
  return answer.problems.map((problem) => ` ${sentence(problem)}.`.replace(/([.!?])\.$/, "$1")).join("");
}

/** A problem with the file that it is about. */
export function sentence({ message, path }: Problem): string {
  return path && !message.includes(path) ? `${path}: ${message}` : message;
}
