// Writes the settings of package.json from the server's own schema; with --check it only compares.
// The server is `codanna-lsp`, or what CODANNA_LSP names.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package.json", import.meta.url);
const server = process.env.CODANNA_LSP ?? "codanna-lsp";
const schema = JSON.parse(execFileSync(server, ["config", "schema"], { encoding: "utf8" }));

const own = {
  title: "Extension",
  order: 0,
  properties: {
    "codanna.serverPath": {
      type: "string",
      default: "",
      scope: "machine",
      markdownDescription: "The program `codanna-lsp`. Empty means: from the `PATH`, or from `~/.local/bin`, where pipx and uv put it.",
    },
    "codanna.serverPackage": {
      type: "string",
      default: "",
      scope: "machine",
      markdownDescription:
        "What `uvx` or `pipx` run when no server is found and you agree: the folder of a clone, a wheel, or the name of a package. Empty means that neither is offered.",
    },
    "codanna.agentTools": {
      type: "string",
      enum: ["auto", "mcp", "tools", "off"],
      default: "auto",
      scope: "machine",
      markdownDescription:
        "Access of language models in VS Code to Codanna: the MCP server (`mcp`), tools that the running language server answers (`tools`), neither (`off`), or `auto` for the MCP server if this version of VS Code has such servers, and the tools if not.",
    },
    "codanna.trace.server": {
      type: "string",
      enum: ["off", "messages", "verbose"],
      default: "off",
      scope: "machine",
      description: "Write the messages between the editor and the server to the output channel.",
    },
  },
};

const titles = { discovery: "Files", semantic: "Meaning", vectors: "Vectors", search: "Search", index: "Index", server: "Server", team: "Team" };
// A repository can bring its own `.vscode/settings.json`, which VS Code reads for every scope but this one.
const scopeOf = (key) => (key["x-set-by"].includes("project") ? "window" : "machine");

// VS Code makes titles of names: "Max File Size" of `maxFileSize`, and nothing readable of `max_file_size`.
const titled = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

const sections = Object.entries(schema.properties).map(([section, content], number) => ({
  title: titles[section] ?? section,
  order: number + 1,
  properties: Object.fromEntries(
    Object.entries(content.properties).map(([name, key]) => {
      const { description, "x-set-by": _, "x-project-maximum": bound, ...rest } = key;
      const maximum = bound === undefined ? {} : { maximum: bound };
      return [`codanna.${section}.${titled(name)}`, { ...rest, ...maximum, scope: scopeOf(key), markdownDescription: description }];
    }),
  ),
}));

const manifest = JSON.parse(readFileSync(path, "utf8"));
const wanted = [own, ...sections];
if (process.argv.includes("--check")) {
  if (JSON.stringify(manifest.contributes.configuration) !== JSON.stringify(wanted)) {
    console.error("The settings in package.json differ from the server's schema; run `npm run settings`.");
    process.exit(1);
  }
} else {
  manifest.contributes.configuration = wanted;
  writeFileSync(path, JSON.stringify(manifest, null, 2) + "\n");
}
