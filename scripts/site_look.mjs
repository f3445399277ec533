// Opens every page of build/site in a real browser, wide and narrow, light and dark, and reports what a reader would
// stumble over: `make site-look`. axe-core judges contrast, headings, links and names; the rest is looked at here.

import { createReadStream, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize, resolve } from "node:path";

const [site, tools, ...only] = process.argv.slice(2);
const require = createRequire(resolve(tools, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png" };
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };
const problems = new Set();

// As published: each version in a folder of its own, and beside them the list that the menu of versions reads.
const VERSIONS = JSON.stringify([{ version: "dev", title: "dev", aliases: [] }]);
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/versions.json") {
    response.writeHead(200, { "content-type": TYPES[".json"] }).end(VERSIONS);
    return;
  }
  const path = join(resolve(site), normalize(decodeURIComponent(pathname.replace(/^\/dev\//, "/"))));
  if (!path.startsWith(resolve(site)) || !statSync(path, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
  createReadStream(path).pipe(response);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const home = `http://127.0.0.1:${server.address().port}/dev`;
const pages = readdirSync(site).filter((name) => name.endsWith(".html") && name !== "404.html" && (!only.length || only.includes(name)));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || undefined, args: ["--no-sandbox"] });

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    const context = await browser.newContext({ colorScheme, viewport, reducedMotion: "reduce" });
    await context.route("**", (route) => {
      if (!route.request().url().startsWith(new URL(home).origin)) {
        problems.add(`asks another host: ${route.request().url()}`);
        return route.abort();
      }
      return route.continue();
    });
    const page = await context.newPage();
    let name = "";
    page.on("pageerror", (error) => problems.add(`${name}: ${error.message}`));
    page.on("response", (response) => response.status() >= 400 && problems.add(`${name}: ${response.url()} is missing`));
    for (name of pages) {
      await page.goto(`${home}/${name}`, { waitUntil: "load" });
      const beside = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (beside > 0) problems.add(`${name}, ${size}: ${beside} pixels stand beside the screen`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        window.axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
          rules: {
            "heading-order": { enabled: true },
            "page-has-heading-one": { enabled: true },
            "empty-heading": { enabled: true },
            // The theme's menu of versions shows the version and is named by what it does.
            "label-content-name-mismatch": { enabled: false },
          },
          resultTypes: ["violations"],
        }));
      for (const { id, help, nodes } of violations) {
        for (const node of nodes.slice(0, 3)) problems.add(`${name}, ${size}, ${colorScheme}: ${id} (${help}): ${node.target.join(" ")}`);
      }
    }
    await context.close();
  }
}

const reader = await browser.newPage({ viewport: SIZES.wide });
await reader.goto(`${home}/index.html`, { waitUntil: "networkidle" });
await reader.locator(".md-search__input").click();
await reader.keyboard.type("callers", { delay: 50 });
await reader.locator(".md-search-result__link").first().waitFor({ timeout: 60_000 })
  .catch(() => problems.add("the search of the site finds nothing for “callers”"));
await browser.close();
server.close();

for (const problem of [...problems].sort()) console.error(problem);
if (problems.size) process.exit(1);
console.log(`${pages.length} pages, wide and narrow, light and dark: nothing to stumble over`);
