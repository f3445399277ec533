// A team's index behind the server, whose rows try to act: what is shown of them, and what opens them.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { openHit } from "../open";
import { item } from "../quickSearch";
import { hitItem } from "../rows";
import { activate, api, ready, replacing, type Tests, until } from "./support";

const AT = "https://git.example.com/team/there/blob/main/relay/src/router.ts#L2";
// Control characters, marks of direction, and icons of VS Code.
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\$\([a-z-]+\)/;

/** The links that are given to the browser while `run` runs. */
async function opened(run: () => Promise<unknown>): Promise<string[]> {
  const links: string[] = [];
  const open = async (uri: vscode.Uri) => Boolean(links.push(uri.toString(true)));
  await replacing(vscode.env, "openExternal", open, async () => {
    await run();
  });
  return links;
}

export const tests: Tests = [
  [
    "the view lists the team's results with their repository, inert, and says what was left out",
    async () => {
      await activate();
      await until("the index", ready);
      await api.view.search("route a message to its handler");
      const files = api.view.files.filter(({ hits }) => hits.some(({ hit }) => hit.repository !== undefined));
      assert.ok(files.length > 0);
      for (const node of files.flatMap((one) => one.hits)) {
        const { hit } = node;
        assert.equal(hit.repository, "team/there");
        assert.match(hit.path, /^relay\//);
        const row = hitItem(node, new Set(), false);
        const { label } = row.label as vscode.TreeItemLabel;
        for (const text of [label, row.description, row.accessibilityInformation?.label]) {
          assert.doesNotMatch(String(text), ACTS);
        }
      }
      assert.match(String(api.view.tree.message), /not valid and are left out/);
      const row = item(files[0].hits[0].hit);
      assert.ok(row.description?.startsWith("[team/there] relay/"), row.description);
    },
  ],
  [
    "a result of the team is opened by the user's link, and no editor",
    async () => {
      const hit = api.view.files.flatMap((one) => one.hits).find((node) => node.hit.name === "MessageRouter")?.hit;
      assert.ok(hit);
      await vscode.commands.executeCommand("workbench.action.closeAllEditors");
      assert.deepEqual(await opened(() => openHit(hit)), [AT]);
      assert.equal(vscode.window.activeTextEditor, undefined);
    },
  ],
  [
    "go to symbol lists the team's names, with their repository, as links",
    async () => {
      const found = await vscode.commands.executeCommand<vscode.SymbolInformation[]>("vscode.executeWorkspaceSymbolProvider", "MessageRouter");
      const [first] = found.filter((one) => one.location.uri.scheme === "https");
      assert.equal(first.name, "MessageRouter");
      assert.equal(first.location.uri.toString(true), AT);
      assert.match(first.containerName, /^\[team\/there\] /);
      assert.doesNotMatch(first.containerName, ACTS);
      const here = await vscode.commands.executeCommand<vscode.SymbolInformation[]>("vscode.executeWorkspaceSymbolProvider", "_send_with_backoff");
      assert.equal(here[0].location.uri.scheme, vscode.workspace.workspaceFolders![0].uri.scheme);
    },
  ],
  [
    "a filter leaves one repository, and a name of two letters is not asked for",
    async () => {
      const names = async (query: string) => vscode.commands.executeCommand<vscode.SymbolInformation[]>("vscode.executeWorkspaceSymbolProvider", query);
      assert.ok((await names("repo:team/there Router")).every((one) => one.location.uri.scheme === "https"));
      assert.ok((await names("Me")).every((one) => one.location.uri.scheme !== "https"));
    },
  ],
];
