// screenshot.mjs TEXT PICTURE: paints a terminal's screen, with its escape sequences for colours, as a picture.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [source, target] = process.argv.slice(2);
const { chromium } = createRequire(join(process.env.EDITOR_TOOLS, "vscode/package.json"))("playwright-core");

const light = process.env.THEME === "light";
const [INK, PAPER] = light ? ["#24292f", "#e0e2ea"] : ["#c8ccd4", "#15161a"];
const base = ["#15161a", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", INK];
const bright = ["#5c6370", "#ff8b92", "#b3e08c", "#ffd68a", "#82c4ff", "#dd9bf0", "#7fd3dd", "#ffffff"];

function palette(number) {
  if (number < 8) {
    return base[number];
  }
  if (number < 16) {
    return bright[number - 8];
  }
  if (number < 232) {
    const level = (step) => (step === 0 ? 0 : 55 + 40 * step);
    const index = number - 16;
    return `rgb(${level(Math.floor(index / 36))},${level(Math.floor(index / 6) % 6)},${level(index % 6)})`;
  }
  const grey = 8 + 10 * (number - 232);
  return `rgb(${grey},${grey},${grey})`;
}

function colour(codes, at) {
  return codes[at + 1] === 2
    ? [`rgb(${codes.slice(at + 2, at + 5).join(",")})`, at + 4]
    : [palette(codes[at + 2]), at + 2];
}

let style = {};
function apply(codes) {
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at];
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.reverse = true;
    else if (code === 22) style.bold = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code === 27) style.reverse = false;
    else if (code === 39) style.ink = undefined;
    else if (code === 49) style.paper = undefined;
    else if (code >= 30 && code < 38) style.ink = base[code - 30];
    else if (code >= 40 && code < 48) style.paper = base[code - 40];
    else if (code >= 90 && code < 98) style.ink = bright[code - 90];
    else if (code >= 100 && code < 108) style.paper = bright[code - 100];
    else if (code === 38) [style.ink, at] = colour(codes, at);
    else if (code === 48) [style.paper, at] = colour(codes, at);
  }
}

function span(text) {
  if (!text) {
    return "";
  }
  let [ink, paper] = [style.ink ?? INK, style.paper ?? "transparent"];
  if (style.reverse) {
    [ink, paper] = [style.paper ?? PAPER, ink];
  }
  const safe = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const weight = style.bold ? ";font-weight:bold" : "";
  const slant = style.italic ? ";font-style:italic" : "";
  return `<span style="color:${ink};background:${paper}${weight}${slant}">${safe}</span>`;
}

const lines = readFileSync(source, "utf8").replace(/\n$/, "").split("\n");
const html = lines.map((line) => {
  let painted = "";
  let from = 0;
  for (const escape of line.matchAll(/\x1b\[([0-9;:]*)m/g)) {
    painted += span(line.slice(from, escape.index));
    apply(escape[1].split(/[;:]/).map(Number));
    from = escape.index + escape[0].length;
  }
  return `<div>${painted}${span(line.slice(from)) || "&#8203;"}</div>`;
});

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.setContent(`<body style="margin:0;background:${PAPER}"><pre id="screen" style="margin:0;padding:14px;
  display:inline-block;font:14.5px/17px 'DejaVu Sans Mono',monospace">${html.join("")}</pre>`);
await page.locator("#screen").screenshot({ path: target });
await browser.close();
