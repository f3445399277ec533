// The server's settings as the user wrote them. Defaults are left out, so that a project's `.codanna.toml` counts.
import * as vscode from "vscode";

const SECTION = "codanna";

interface Manifest {
  contributes: { configuration: { properties: Record<string, { scope: string }> }[] };
}

/** VS Code makes titles of its names: "Max File Size" of `maxFileSize`, and nothing readable of `max_file_size`. */
function serverName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What the user set, in sections: `{search: {limit: 20}}`. With `unset`, all other settings are there as null. */
export function explicitSettings(
  manifest: Manifest,
  { scope, unset = false }: { scope?: vscode.Uri; unset?: boolean } = {},
): Record<string, Record<string, unknown>> {
  const configuration = vscode.workspace.getConfiguration(undefined, scope);
  const nested: Record<string, Record<string, unknown>> = {};
  for (const [key, { scope: kind }] of manifest.contributes.configuration.flatMap((part) => Object.entries(part.properties))) {
    const [prefix, section, name] = key.split(".");
    if (prefix !== SECTION || !name || section === "trace") {
      continue; // A setting of the extension itself.
    }
    const found = configuration.inspect(key);
    const fromWorkspace = found?.workspaceFolderValue ?? found?.workspaceValue;
    // VS Code itself leaves out what a workspace says of these; nothing else may hang on that.
    const value = (kind === "machine" ? undefined : fromWorkspace) ?? found?.globalValue;
    if (value !== undefined || unset) {
      (nested[section] ??= {})[serverName(name)] = value ?? null;
    }
  }
  return nested;
}
