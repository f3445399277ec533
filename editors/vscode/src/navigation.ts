// Go to definition, references, implementations, hover and call hierarchy of the server, where nobody else answers.
// VS Code asks every extension and shows all answers, so ours steps back where another one has one.
import * as vscode from "vscode";
import type { LanguageClient, Middleware } from "vscode-languageclient/node";

/** Less than any selector that names a language or a scheme: of call hierarchies VS Code asks the best one alone. */
const BEHIND = [{ language: "*", scheme: "*" }];

interface Probe {
  command: string;
  /** Whether an answer means that another extension knows the language; hovers may come from anything. */
  tells: boolean;
}

const DEFINITION: Probe = { command: "vscode.executeDefinitionProvider", tells: true };
const REFERENCES: Probe = { command: "vscode.executeReferenceProvider", tells: true };
const IMPLEMENTATION: Probe = { command: "vscode.executeImplementationProvider", tells: true };
const HOVER: Probe = { command: "vscode.executeHoverProvider", tells: false };

export class Navigation implements vscode.Disposable {
  /** Languages for which another extension has answered. */
  private readonly taken = new Set<string>();
  /** Questions to the others that are under way; they come by here, too. */
  private readonly asking = new Set<string>();
  private readonly following = vscode.extensions.onDidChange(() => this.taken.clear());

  /** The languages for which nobody else is known to answer. */
  async languages(): Promise<string[]> {
    return (await vscode.languages.getLanguages()).filter((language) => !this.taken.has(language));
  }

  /** Let others come first where VS Code takes one answer only. */
  stepBehind(client: LanguageClient): void {
    for (const feature of [client.getFeature("textDocument/prepareCallHierarchy"), client.getFeature("textDocument/documentHighlight")]) {
      const register = feature.register.bind(feature);
      feature.register = (data) => register({ ...data, registerOptions: { ...data.registerOptions, documentSelector: BEHIND } });
    }
  }

  readonly middleware: Middleware = {
    provideDefinition: async (document, position, token, next) =>
      (await this.isOurs(DEFINITION, document, position)) ? next(document, position, token) : undefined,
    provideReferences: async (document, position, options, token, next) =>
      (await this.isOurs(REFERENCES, document, position)) ? next(document, position, options, token) : undefined,
    provideImplementation: async (document, position, token, next) =>
      (await this.isOurs(IMPLEMENTATION, document, position)) ? next(document, position, token) : undefined,
    provideHover: async (document, position, token, next) =>
      (await this.isOurs(HOVER, document, position)) ? next(document, position, token) : undefined,
    provideDocumentHighlights: (document, position, token, next) =>
      this.leaves(document) ? undefined : next(document, position, token),
    prepareCallHierarchy: (document, position, token, next) =>
      this.leaves(document) ? undefined : next(document, position, token),
  };

  private leaves(document: vscode.TextDocument): boolean {
    return document.uri.scheme !== "file" || (this.taken.has(document.languageId) && !always());
  }

  /** Whether all others are silent about a place. */
  private async isOurs(probe: Probe, document: vscode.TextDocument, position: vscode.Position): Promise<boolean> {
    if (this.leaves(document)) {
      return false;
    }
    if (always()) {
      return true;
    }
    const key = `${probe.command} ${document.uri.toString()} ${position.line}:${position.character}`;
    if (this.asking.has(key)) {
      return false;
    }
    this.asking.add(key);
    try {
      const answer = await vscode.commands.executeCommand<unknown[] | undefined>(probe.command, document.uri, position);
      const answered = (answer?.length ?? 0) > 0;
      if (answered && probe.tells) {
        this.taken.add(document.languageId);
      }
      return !answered;
    } catch {
      return true; // One that fails has not answered.
    } finally {
      this.asking.delete(key);
    }
  }

  dispose(): void {
    this.following.dispose();
  }
}

/** Whether the user wants ours whatever others do. */
function always(): boolean {
  return vscode.workspace.getConfiguration("codanna").get("server.navigation") === "on";
}
