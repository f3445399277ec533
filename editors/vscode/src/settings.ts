// The server's settings as the user wrote them. Defaults are left out, so that a project's `.codanna.toml` counts.
import * as vscode from "vscode";

const SECTION = "codanna";

interface Manifest {
  contributes: { configuration: { properties: Record<string, unknown> }[] };
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}

/** What the user set, in sections: `{search: {limit: 20}}`. With `unset`, all other settings are there as null. */
export function explicitSettings(
  manifest: Manifest,
  { scope, unset = false }: { scope?: vscode.Uri; unset?: boolean } = {},
): Record<string, Record<string, unknown>> {
  const configuration = vscode.workspace.getConfiguration(undefined, scope);
  const restricted = new Set(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations);
  const nested: Record<string, Record<string, unknown>> = {};
  for (const key of manifest.contributes.configuration.flatMap((part) => Object.keys(part.properties))) {
    const [prefix, section, name] = key.split(".");
    if (prefix !== SECTION || !name || section === "trace") {
      continue; // A setting of the extension itself.
    }
    const found = configuration.inspect(key);
    const fromWorkspace = found?.workspaceFolderValue ?? found?.workspaceValue;
    const mayUse = vscode.workspace.isTrusted || !restricted.has(key);
    const value = (mayUse ? fromWorkspace : undefined) ?? found?.globalValue;
    if (value !== undefined || unset) {
      (nested[section] ??= {})[name] = value ?? null;
    }
  }
  return nested;
}
