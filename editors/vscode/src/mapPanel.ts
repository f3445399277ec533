// The map of the code by meaning, in an editor of its own: a click opens what a dot stands for.
import * as vscode from "vscode";
import { page } from "./questionView";
import { openHit } from "./open";
import type { MapFolder } from "./protocol";
import type { Server } from "./server";
import { inert } from "./text";

const BODY = `<header>
<select id="folder" aria-label="Folder" hidden></select>
<p id="said" role="status">The map is being drawn…</p>
</header>
<svg id="map" viewBox="-0.82 -0.52 1.64 1.04" role="group" aria-label="Map of the code by meaning; the arrow keys go from definition to definition"></svg>`;

/** What the page may send. */
type Sent = { type: "ready" } | { type: "open"; folder: number; region: number; symbol: number };

export class MapPanel {
  private static shown: MapPanel | undefined;
  folders: MapFolder[] = [];

  /** Show the map, or bring it to the front. */
  static async show(server: Server, extension: vscode.Uri): Promise<MapPanel> {
    const panel = MapPanel.shown ?? new MapPanel(extension);
    MapPanel.shown = panel;
    panel.panel.reveal();
    await panel.load(server);
    return panel;
  }

  private constructor(
    extension: vscode.Uri,
    readonly panel = vscode.window.createWebviewPanel("codanna.map", "Map of the Code", vscode.ViewColumn.Active, {
      enableScripts: true,
      retainContextWhenHidden: true,
      localResourceRoots: [vscode.Uri.joinPath(extension, "media")],
    }),
  ) {
    const media = (name: string) => vscode.Uri.joinPath(extension, "media", name);
    panel.iconPath = { light: media("codanna.svg"), dark: media("codanna-dark.svg") };
    panel.webview.html = page(panel.webview, vscode.Uri.joinPath(extension, "media"), "map", BODY);
    panel.webview.onDidReceiveMessage((message: Sent) => this.received(message));
    panel.onDidDispose(() => (MapPanel.shown = undefined));
  }

  private async load(server: Server): Promise<void> {
    this.folders = (await server.clusterMap()).folders;
    this.send();
  }

  private send(): void {
    const folders = this.folders.map(({ name, symbols, sampled, regions }) => ({
      name: inert(name),
      symbols,
      sampled,
      regions: regions.map(({ words, count, x, y, radius, symbols: shown }) => ({
        ...{ words: words.map(inert), count, x, y, radius },
        symbols: shown.map((hit) => ({
          x: hit.x,
          y: hit.y,
          said: inert(`${hit.kind} ${hit.container ? `${hit.container}.` : ""}${hit.name}, ${hit.path}:${hit.selectionRange.start.line + 1}`),
        })),
      })),
    }));
    void this.panel.webview.postMessage({ folders });
  }

  /** As if the page sent it; what it names is looked up here. */
  async received(message: Sent): Promise<void> {
    if (message.type === "ready") {
      this.send();
    } else if (message.type === "open") {
      const hit = this.folders[message.folder]?.regions?.[message.region]?.symbols?.[message.symbol];
      if (hit) {
        await openHit(hit, { viewColumn: vscode.ViewColumn.Beside });
      }
    }
  }
}
