// The life of the server: finding, starting, restarting after crashes, and one clear message when it cannot run.
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import {
  CancellationToken,
  type ClientCapabilities,
  CloseAction,
  ErrorAction,
  type FeatureState,
  LanguageClient,
  type LanguageClientOptions,
  type StaticFeature,
  type WorkspaceSymbolParams,
  WorkspaceSymbolRequest,
} from "vscode-languageclient/node";
import { announced, findServer, type Found, isAtLeast, runner, type Surroundings } from "./find";
import type { Navigation } from "./navigation";
import type { Answer, ContextAnswer, ContextParams, Folder, MapFolder, RelationParams, Relations, SearchParams, SimilarParams, Status } from "./protocol";
import { explicitSettings } from "./settings";
import { message as plain } from "./text";

const MINIMUM_VERSION = "0.1.0";
const CRASHES = 3;
const CRASH_WINDOW = 3 * 60 * 1000;
const BUSY = new Set<Folder["state"]>(["opening", "indexing", "embedding", "training"]);
/** Where the command is kept that the user agreed to run. */
const CONSENT = "codanna.agreedCommand";

/** Tells the server that this client shows similar code in a list of its own. */
class ShowsSimilar implements StaticFeature {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    capabilities.experimental = { ...capabilities.experimental, commands: { commands: ["codanna.showSimilar"] } };
  }
  initialize(): void {}
  getState(): FeatureState {
    return { kind: "static" };
  }
  clear(): void {}
}

/** Writes its errors into the log alone: what the user has to know is told by `Server`, once and with buttons. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export type State = "starting" | "running" | "stopped" | "missing";

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private crashes: number[] = [];
  private starting: Promise<void> | undefined;
  /** The last message about a missing server. */
  private told: string | undefined;
  private readonly changed = new vscode.EventEmitter<void>();

  /** Fires when the state of the server or of a folder's index is new. */
  readonly onDidChange = this.changed.event;
  state: State = "stopped";
  folders = new Map<string, Folder>();

  /** Changes with every change of an index, and with what is being done to it. */
  get generation(): string {
    return [...this.folders.values()].map((folder) => `${folder.generation} ${folder.state}`).join();
  }

  /** Whether some index is not complete yet. */
  get isBusy(): boolean {
    const folders = [...this.folders.values()];
    return this.state === "starting" || folders.some((folder) => BUSY.has(folder.state)) || (
      this.state === "running" && folders.length === 0 && (vscode.workspace.workspaceFolders?.length ?? 0) > 0
    );
  }

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly output: vscode.LogOutputChannel,
    private readonly navigation: Navigation,
  ) {
    context.subscriptions.push(
      vscode.workspace.onDidChangeWorkspaceFolders(({ removed }) => {
        for (const folder of removed) {
          this.folders.delete(folder.uri.toString());
        }
        this.changed.fire();
      }),
    );
  }

  /** Start the server; a second call while it starts waits for the same start. */
  start(): Promise<void> {
    this.starting ??= this.launch().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  async restart(): Promise<void> {
    await this.starting;
    await this.stop();
    this.crashes = [];
    this.told = undefined;
    await this.start();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.folders.clear();
    this.become("stopped");
    if (client?.needsStop()) {
      await client.stop().catch((error: unknown) => this.output.warn(`stopping failed: ${String(error)}`));
    }
    await client?.dispose().catch(() => undefined); // It has stopped; there is nothing left to fail.
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
  }

  search(params: SearchParams, token?: CancellationToken): Promise<Answer> {
    return this.request("codanna/semanticSearch", params, token);
  }

  similar(params: SimilarParams, token?: CancellationToken): Promise<Answer> {
    const { position, range } = params;
    // The ranges of VS Code become arrays in JSON, which no server understands.
    const plain = {
      ...params,
      position: position && { line: position.line, character: position.character },
      range: range && {
        start: { line: range.start.line, character: range.start.character },
        end: { line: range.end.line, character: range.end.character },
      },
    };
    return this.request("codanna/findSimilar", plain, token);
  }

  /** The code that answers a question as one text, for a language model. */
  contextOf(params: ContextParams, token?: CancellationToken): Promise<ContextAnswer> {
    return this.request("codanna/context", params, token);
  }

  relations(relation: string, params: RelationParams, token?: CancellationToken): Promise<Relations> {
    return this.request(`codanna/${relation}`, params, token);
  }

  /** How the program of this server is started for something else than `serve`. */
  async program(verb: string): Promise<Found | undefined> {
    const found = await findServer(this.surroundings());
    return found && { ...found, args: [...found.args.slice(0, -1), verb] };
  }

  /** Where programs of ours start: not in the workspace, whose files they may take for their own. */
  get home(): vscode.Uri {
    return this.context.extensionUri;
  }

  clusterMap(): Promise<{ folders: MapFolder[] }> {
    return this.request("codanna/clusterMap", {});
  }

  status(): Promise<Status> {
    return this.request("codanna/status", {});
  }

  /** Run one of the server's commands; the answer comes when the work is done. */
  execute(command: string): Promise<unknown> {
    return this.request("workspace/executeCommand", { command });
  }

  private async request<T>(method: string, params: object, token?: CancellationToken): Promise<T> {
    if (!this.client) {
      await this.start();
    }
    if (!this.client) {
      throw new Error(this.told ?? "The Codanna server is not running.");
    }
    return this.client.sendRequest<T>(method, params, token ?? CancellationToken.None);
  }

  private become(state: State): void {
    this.state = state;
    this.changed.fire();
  }

  private surroundings(): Surroundings {
    // Both have the scope `machine`; `inspect` makes sure that no workspace names a program.
    const setting = (name: string) => {
      const found = vscode.workspace.getConfiguration("codanna").inspect<string>(name);
      return (found?.globalValue ?? "").trim().replace(/^~(?=\/)/, os.homedir());
    };
    return {
      setting: setting("serverPath"),
      searchPath: process.env.PATH ?? "",
      userPrograms: path.join(os.homedir(), ".local", "bin"),
      windows: process.platform === "win32",
      package: setting("serverPackage"),
      agreed: this.context.globalState.get<string>(CONSENT, ""),
    };
  }

  private async launch(): Promise<void> {
    if (this.client) {
      return;
    }
    this.become("starting");
    const around = this.surroundings();
    const found = await findServer(around);
    if (!found) {
      this.become("missing");
      void this.tellMissing(around);
      return;
    }
    this.output.info(`starting ${found.command} ${found.args.join(" ")} (from ${found.from})`);
    const manifest = this.context.extension.packageJSON;
    const navigationLanguages = await this.navigation.languages();
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: "file" }],
      outputChannel: this.output,
      initializationOptions: () => ({ ...explicitSettings(manifest), navigationLanguages }),
      // Progress of indexing is in the status bar; errors of the start are told by `failed`.
      initializationFailedHandler: () => false,
      middleware: {
        ...this.navigation.middleware,
        // Names of the team's index come with the user's link, which VS Code opens in the browser.
        provideWorkspaceSymbols: async (query, token) => {
          const params: WorkspaceSymbolParams & { team: boolean } = { query, team: true };
          try {
            const found = await client.sendRequest(WorkspaceSymbolRequest.type, params, token);
            return token.isCancellationRequested ? null : client.protocol2CodeConverter.asSymbolInformations(found, token);
          } catch (error) {
            return client.handleFailedRequest(WorkspaceSymbolRequest.type, token, error, null);
          }
        },
        workspace: {
          // Settings that change while the server is being replaced are read by the next one.
          didChangeConfiguration: async (sections, next) => (client.isRunning() ? next(sections) : undefined),
          // Null tells the server that a setting it may have seen before is gone.
          configuration: (params) =>
            params.items.map(({ scopeUri }) =>
              explicitSettings(manifest, { scope: scopeUri ? vscode.Uri.parse(scopeUri) : undefined, unset: true }),
            ),
        },
      },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.closed(),
      },
    };
    const client = new QuietClient(
      "codanna",
      "Codanna",
      { command: found.command, args: found.args, options: { cwd: this.home.fsPath } },
      options,
    );
    client.registerFeature(new ShowsSimilar());
    this.navigation.stepBehind(client);
    client.onNotification("codanna/statusChanged", (params: { folders: Folder[] }) => {
      for (const folder of params.folders) {
        this.folders.set(folder.uri, folder);
      }
      this.changed.fire();
    });
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.output.error(`the server did not start: ${String(error)}`);
      this.client = undefined;
      this.become("stopped");
      void this.failed("The Codanna server did not start.");
      return;
    }
    this.become("running");
    const version = client.initializeResult?.serverInfo?.version;
    if (version && !isAtLeast(version, MINIMUM_VERSION)) {
      void this.tellTooOld(version, found.command);
    }
  }

  private closed(): { action: CloseAction; handled: boolean } {
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASH_WINDOW), now];
    this.folders.clear();
    if (this.crashes.length <= CRASHES) {
      this.output.warn("the server ended unexpectedly; it starts again");
      this.changed.fire();
      return { action: CloseAction.Restart, handled: true };
    }
    this.client = undefined;
    this.become("stopped");
    void this.failed(`The Codanna server ended ${this.crashes.length} times within three minutes.`);
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  private async failed(message: string): Promise<void> {
    const choice = await vscode.window.showErrorMessage(message, "Restart", "Show Log");
    if (choice === "Restart") {
      await this.restart();
    } else if (choice === "Show Log") {
      this.output.show();
    }
  }

  private async tellMissing(around: Surroundings): Promise<void> {
    const tool = around.setting ? undefined : await runner(around);
    let message = around.setting ? `The Codanna server is not at ${around.setting}.` : "The Codanna server is not installed.";
    const buttons = new Map<string, () => unknown>();
    if (tool) {
      const command = announced(tool);
      message += ` \`${command}\` would run it.`;
      buttons.set(`Run It with ${tool.from}`, async () => {
        await this.context.globalState.update(CONSENT, command);
        await this.start();
      });
    }
    if (!around.setting) {
      buttons.set("How to Install", () => this.showReadme());
    }
    buttons.set("Open Settings", () => vscode.commands.executeCommand("workbench.action.openSettings", "codanna.serverPath"));
    buttons.set("Try Again", () => this.restart());
    // Each search tries to start the server; only a restart asks the user once more.
    if (this.told === message) {
      return;
    }
    this.told = message;
    const choice = await vscode.window.showErrorMessage(plain(message), ...buttons.keys());
    await buttons.get(choice ?? "")?.();
  }

  private async tellTooOld(version: string, command: string): Promise<void> {
    const message = `The Codanna server ${version} (${command}) is too old; this extension needs ${MINIMUM_VERSION}.`;
    if ((await vscode.window.showWarningMessage(plain(message), "How to Upgrade")) === "How to Upgrade") {
      await this.showReadme();
    }
  }

  /** The extension's README says how the server is installed and renewed; packaging changes the case of its name. */
  private async showReadme(): Promise<void> {
    const folder = this.context.extensionUri;
    const names = (await vscode.workspace.fs.readDirectory(folder)).map(([name]) => name);
    const readme = names.find((name) => name.toLowerCase() === "readme.md");
    if (readme) {
      await vscode.commands.executeCommand("markdown.showPreview", vscode.Uri.joinPath(folder, readme));
    }
  }
}
