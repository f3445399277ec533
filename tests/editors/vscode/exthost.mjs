// Runs a suite of editors/vscode/src/test inside the extension host, in the window that fits it.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { extension, shots, withWorkbench, workspace } from "./workbench.mjs";

const home = process.env.HOME;
const LIMIT = 300_000;

function write(file, content, mode) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content), { mode });
}

/** A program that writes down how it was called, and becomes the server once `skip` arguments are gone. */
function recorder(file, skip = 0) {
  const record = `IFS='|'; echo "\${0##*/}|$*" >> '${home}/record'`;
  write(file, `#!/bin/sh\n${record}\nshift ${skip}\nexec '${process.env.SERVER}' "$@"\n`, 0o755);
  return file;
}

/** A value of its own for every setting that a workspace may not set, so that none is forgotten. */
function ofTheWorkspace() {
  const { contributes } = JSON.parse(readFileSync(join(extension, "package.json"), "utf8"));
  const keys = contributes.configuration.flatMap((part) => Object.entries(part.properties));
  const value = ({ type, enum: choices, default: usual, minimum }) =>
    choices?.find((choice) => choice !== usual) ?? { boolean: !usual, integer: (minimum ?? 0) + 5, number: 0.5, string: join(workspace, "index") }[type];
  const barred = keys.filter(([key, { scope }]) => scope === "machine" && key.split(".").length === 3 && !key.startsWith("codanna.trace"));
  return Object.fromEntries(barred.map(([key, described]) => [key, value(described)]));
}

const windows = {
  host: () => ({ folder: workspace }),
  looks: () => ({ folder: workspace }),
  agents: () => ({ folder: workspace }),
  team: () => ({
    folder: workspace,
    machine: {
      "codanna.serverPath": process.env.SERVER,
      "codanna.team.url": "https://search.example.com",
      "codanna.team.deadlineMs": 10_000,
      "codanna.team.link": "https://git.example.com/{repository}/blob/{branch}/{path}#L{line}",
    },
  }),
  // What a workspace from somewhere could bring along to have its own programs and files used.
  trust: () => {
    recorder(join(workspace, ".venv/bin/codanna-lsp"));
    write(join(workspace, ".vscode/settings.json"), {
      "codanna.serverPath": recorder(join(workspace, "tools/chosen-server")),
      "codanna.serverPackage": "a-package-of-the-workspace",
      "codanna.trace.server": "verbose",
      ...ofTheWorkspace(),
      "codanna.search.limit": 3,
      "codanna.discovery.maxFileSize": 1 << 29,
    });
    write(join(workspace, ".codanna.toml"), "[index]\ndir = 'index'\nworkers = 7\n");
    return { folder: workspace, trust: false, machine: {} };
  },
  folders: () => {
    write(join(home, "second/config/settings.py"), 'def paint_the_fence(colour):\n    """Paint the garden fence."""\n\n\ndef paint_the_door(colour):\n    """Paint the door."""\n');
    write(join(home, "third/boats.py"), 'def sail_home(boat):\n    """Steer the sailing boat back into the harbour."""\n');
    const file = join(home, "two.code-workspace");
    write(file, { folders: [{ path: workspace }, { path: "second", name: "Second one" }] });
    return { workspace: file };
  },
  // Two projects of languages that VS Code has no server for.
  navigation: () => {
    cpSync(join(process.env.EDITOR_TESTS, "projects"), join(home, "projects"), { recursive: true });
    const file = join(home, "projects.code-workspace");
    write(file, { folders: [{ path: join(home, "projects/ledger") }, { path: join(home, "projects/queue") }] });
    return { workspace: file };
  },
  // No server anywhere, but the tools that can run one without an installation.
  consent: () => {
    recorder(join(home, "bin/uvx"), 3);
    recorder(join(home, "bin/pipx"), 4);
    return { folder: workspace, path: join(home, "bin"), machine: { "codanna.serverPackage": "/a/clone of it" } };
  },
};

/** Presses a button as a user does, and tells the tests which notifications there are. */
async function press(page, label) {
  const button = page.locator(".monaco-button:visible", { hasText: new RegExp(`^${label}$`) }).first();
  await button.waitFor();
  const shown = await page.locator(".notifications-center .notification-list-item-message").allInnerTexts();
  await button.click();
  write(join(home, "notifications.json"), shown);
}

const suite = process.env.EXTENSION_TESTS;
const { folder, workspace: file, ...place } = windows[suite]();
let code = 1;
await withWorkbench({ ...place, options: ["--vscode-option", "enable-smoke-test-driver"] }, async (page, authority) => {
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  await page.exposeFunction("codeAutomationExit", finish);
  let tested = false;
  const errors = [];
  await page.exposeFunction("codeAutomationLog", (type, args) => {
    const line = args.map(String).join(" ");
    if (/^(ok|not ok|\d+ passed)/.test(line)) {
      tested = true;
      console.log(line);
    } else if (line.startsWith("press: ")) {
      press(page, line.slice(7)).catch(async (error) => {
        console.log(`cannot press ${line.slice(7)}: ${error.message}`);
        await page.screenshot({ path: join(shots, "not-pressed.png") });
      });
    } else if (type === "error") {
      // Of interest only when the tests did not even begin: VS Code has many errors of its own.
      errors.push(line.slice(0, 400));
    }
  });
  const remote = `vscode-remote://${authority}${extension}`;
  const payload = [
    ["extensionDevelopmentPath", remote],
    ["extensionTestsPath", `${remote}/dist/test/index.js`],
    ["skipWelcome", "true"],
  ];
  const query = new URLSearchParams({ ...(file ? { workspace: file } : { folder }), payload: JSON.stringify(payload) });
  await page.goto(`http://${authority}/?${query}`);
  const limit = new Promise((resolve) => setTimeout(resolve, LIMIT, "time-out").unref());
  code = await Promise.race([finished, limit]);
  if (code !== 0) {
    console.log(tested ? "" : errors.join("\n"));
    throw new Error(`the tests in the extension host ended with ${code}`);
  }
}).catch((error) => console.log(`not ok - ${error.message}`));
process.exit(code === 0 ? 0 : 1);
