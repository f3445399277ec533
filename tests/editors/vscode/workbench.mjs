// A real VS Code (code-server) over a copy of the workspace, and a browser that looks at it. All on 127.0.0.1.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";

export const tools = join(process.env.EDITOR_TOOLS, "vscode");
export const extension = join(process.env.EDITOR_TESTS, "../../editors/vscode");
export const workspace = process.env.WORKSPACE;
export const shots = process.env.SHOTS;
const home = process.env.HOME;
const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");
const entry = join(tools, "node_modules/code-server/out/node/entry.js");
const base = [entry, "--user-data-dir", join(home, "data"), "--extensions-dir", join(home, "extensions")];
/** Settings of the machine: a path belongs there, as in every remote window. */
const server = { "codanna.serverPath": process.env.SERVER };
const environment = {
  ...process.env,
  // The gallery of extensions would be asked elsewhere; nothing listens on port 9.
  EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "http://127.0.0.1:9/none" }),
  // As if started in a terminal, whose PATH is taken as it is; else a login shell would be asked for another one.
  VSCODE_CLI: "1",
};

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function healthy(port) {
  return new Promise((resolve) => {
    http
      .get({ host: "127.0.0.1", port, path: "/healthz" }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      })
      .on("error", () => resolve(false));
  });
}

export function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...base, ...args], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("exit", (code) => (code === 0 ? resolve(output) : reject(new Error(output))));
  });
}

function all(settings) {
  return {
    "telemetry.telemetryLevel": "off",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": false,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "extensions.autoCheckUpdates": false,
    "extensions.ignoreRecommendations": true,
    "update.mode": "none",
    "git.enabled": false,
    "security.workspace.trust.startupPrompt": "never",
    "chat.disableAIFeatures": true,
    ...settings,
  };
}

/** Starts both, gives them to `use`, and ends both whatever happens. `path` replaces the PATH of the server. */
export async function withWorkbench(
  { settings = {}, machine = server, options = [], trust = true, path = process.env.PATH, size = { width: 1280, height: 800 } },
  use,
) {
  for (const [folder, content] of Object.entries({ Machine: machine, User: all(settings) })) {
    mkdirSync(join(home, "data", folder), { recursive: true });
    writeFileSync(join(home, "data", folder, "settings.json"), JSON.stringify(content));
  }
  const port = await freePort();
  const flags = [
    ...["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--ignore-last-opened"],
    ...["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"],
    ...(trust ? ["--disable-workspace-trust"] : []),
  ];
  const code = spawn(process.execPath, [...base, ...flags, ...options], {
    env: { ...environment, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  code.stdout.on("data", (data) => (output += data));
  code.stderr.on("data", (data) => (output += data));
  let browser;
  try {
    for (const end = Date.now() + 60_000; !(await healthy(port)); ) {
      if (Date.now() > end || code.exitCode !== null) {
        throw new Error("code-server did not start");
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    browser = await chromium.launchPersistentContext(join(home, "browser"), {
      executablePath: process.env.CHROMIUM,
      headless: true,
      viewport: size,
      deviceScaleFactor: Number(process.env.SCALE ?? 1),
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
        ...["--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
      ],
    });
    const page = browser.pages()[0] ?? (await browser.newPage());
    page.setDefaultTimeout(60_000);
    try {
      await use(page, `127.0.0.1:${port}`);
    } catch (error) {
      await page.screenshot({ path: join(shots, "failed.png") }).catch(() => undefined);
      throw error;
    }
  } catch (error) {
    if (process.env.KEEP_EDITOR_TESTS) {
      console.log(output);
    }
    throw error;
  } finally {
    await browser?.close();
    try {
      process.kill(-code.pid, "SIGTERM");
      await Promise.race([once(code, "exit"), new Promise((resolve) => setTimeout(resolve, 8000))]);
    } catch (error) {
      if (error.code !== "ESRCH") {
        throw error;
      }
    }
  }
}
