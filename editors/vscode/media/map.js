// @ts-check
// The map: regions with their words, and a dot for each definition. All of it is made of text and numbers.
"use strict";
{
  // @ts-expect-error VS Code gives it to the page.
  const editor = acquireVsCodeApi();
  const map = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.getElementById("map")));
  const said = /** @type {HTMLElement} */ (document.getElementById("said"));
  const chooser = /** @type {HTMLSelectElement} */ (document.getElementById("folder"));
  const HUES = 12;
  /** @typedef {{ x: number, y: number, said: string }} Dot */
  /** @typedef {{ words: string[], count: number, x: number, y: number, radius: number, symbols: Dot[] }} Region */
  /** @typedef {{ name: string, symbols: number, sampled: boolean, regions: Region[] }} Folder */
  /** @type {Folder[]} */
  let folders = [];
  /** The dot that Tab goes to. */
  let current = { region: 0, symbol: 0 };

  /** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
  const made = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) {
      element.setAttributeNS(null, name, String(value));
    }
    if (text !== undefined) {
      element.textContent = text;
    }
    return element;
  };
  const folder = () => folders[Number(chooser.value) || 0];
  /** @param {number} region @param {number} symbol */
  const dotOf = (region, symbol) => /** @type {SVGElement | null} */ (map.querySelector(`[data-place="${region} ${symbol}"]`));

  const summary = () => {
    const { symbols, sampled } = folder();
    said.textContent =
      symbols > 0
        ? `${symbols.toLocaleString("en")} definitions, laid out by meaning${sampled ? "; those of some files, chosen by chance" : ""}`
        : "There is nothing to show yet: the index has no definitions with vectors.";
  };

  const draw = () => {
    map.replaceChildren();
    folder().regions.forEach((region, number) => {
      const group = made("g", { class: `h${number % HUES}` });
      const name = `${region.words.join(", ")}: ${region.count.toLocaleString("en")} definitions`;
      const disk = made("circle", { class: "disk", cx: region.x, cy: region.y, r: region.radius });
      disk.append(made("title", {}, name));
      group.append(disk);
      region.symbols.forEach((symbol, place) => {
        const dot = made("circle", { class: "dot", cx: symbol.x, cy: symbol.y, r: 0.0045, role: "link", tabindex: -1, "aria-label": symbol.said, "data-place": `${number} ${place}` });
        dot.append(made("title", {}, symbol.said));
        group.append(dot);
      });
      const longest = Math.max(1, ...region.words.map((word) => word.length));
      const size = Math.max(0.012, Math.min(0.03, (1.7 * region.radius) / (longest * 0.58)));
      region.words.forEach((word, line) => {
        const y = region.y + (line - (region.words.length - 1) / 2) * size * 1.15 + size * 0.35;
        group.append(made("text", { x: region.x, y, "font-size": size, "aria-hidden": "true" }, word));
      });
      map.append(group);
    });
    current = { region: 0, symbol: 0 };
    dotOf(0, 0)?.setAttribute("tabindex", "0");
    summary();
  };

  /** @param {EventTarget | null} target */
  const placeOf = (target) => {
    const place = target instanceof Element ? target.closest("[data-place]")?.getAttribute("data-place") : undefined;
    const [region, symbol] = (place ?? "").split(" ").map(Number);
    return place ? { region, symbol } : undefined;
  };
  /** @param {EventTarget | null} target */
  const open = (target) => {
    const place = placeOf(target);
    if (place) {
      editor.postMessage({ type: "open", folder: Number(chooser.value) || 0, ...place });
    }
  };
  /** @param {number} region @param {number} symbol */
  const go = (region, symbol) => {
    const { regions } = folder();
    const next = (region + regions.length) % regions.length;
    const { length } = regions[next].symbols;
    dotOf(current.region, current.symbol)?.setAttribute("tabindex", "-1");
    current = { region: next, symbol: (symbol + length) % length };
    const dot = dotOf(current.region, current.symbol);
    dot?.setAttribute("tabindex", "0");
    dot?.focus();
  };

  map.addEventListener("click", (event) => open(event.target));
  map.addEventListener("keydown", (event) => {
    const place = placeOf(event.target);
    if (!place) {
      return;
    }
    if (event.key === "Enter" || event.key === " ") {
      open(event.target);
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      go(place.region, place.symbol + (event.key === "ArrowRight" ? 1 : -1));
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      go(place.region + (event.key === "ArrowDown" ? 1 : -1), 0);
    } else {
      return;
    }
    event.preventDefault();
  });
  for (const kind of ["pointerover", "focusin"]) {
    map.addEventListener(kind, (event) => {
      const place = placeOf(event.target);
      if (place) {
        said.textContent = folder().regions[place.region].symbols[place.symbol].said;
      }
    });
  }
  map.addEventListener("pointerleave", summary);
  chooser.addEventListener("change", draw);
  window.addEventListener("message", ({ data }) => {
    folders = data.folders;
    if (folders.length === 0) {
      return;
    }
    chooser.hidden = folders.length < 2;
    chooser.replaceChildren(...folders.map(({ name }, place) => new Option(name, String(place))));
    draw();
  });
  editor.postMessage({ type: "ready" });
}
