// @ts-check
// The field above the results. Text of a workspace becomes text of the page, never a part of it.
"use strict";
{
  // @ts-expect-error VS Code gives it to the page.
  const editor = acquireVsCodeApi();
  const field = /** @type {HTMLInputElement} */ (document.getElementById("question"));
  const said = /** @type {HTMLElement} */ (document.getElementById("said"));
  const order = /** @type {HTMLElement} */ (document.getElementById("order"));
  const filters = /** @type {HTMLElement} */ (document.getElementById("filters"));
  /** @type {string[]} */
  let history = [];
  /** Which earlier question is in the field; -1 for none. */
  let recalled = -1;
  let typed = "";

  /** @param {string} text */
  const show = (text) => {
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    editor.postMessage({ type: "typed", text });
  };

  field.addEventListener("input", () => {
    recalled = -1;
    typed = field.value;
    editor.postMessage({ type: "typed", text: field.value });
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) {
      return;
    }
    if (event.key === "Enter") {
      recalled = -1;
      typed = field.value;
      editor.postMessage({ type: "ask", text: field.value });
    } else if (event.key === "ArrowUp") {
      // What is in the field already would look as if the key did nothing.
      const next = history.findIndex((one, place) => place > recalled && one !== field.value);
      if (next >= 0) {
        recalled = next;
        show(history[next]);
      }
    } else if (event.key === "ArrowDown" && recalled >= 0) {
      recalled -= 1;
      show(recalled < 0 ? typed : history[recalled]);
    } else if (event.key === "ArrowDown") {
      editor.postMessage({ type: "results" });
    } else {
      return;
    }
    event.preventDefault();
  });

  order.addEventListener("click", (event) => {
    const chosen = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.order;
    if (chosen) {
      editor.postMessage({ type: "order", order: chosen });
    }
  });
  order.addEventListener("keydown", (event) => {
    if (/^Arrow/.test(event.key)) {
      const buttons = [...order.querySelectorAll("button")];
      const other = buttons.find((button) => button.getAttribute("aria-checked") !== "true");
      other?.click();
      other?.focus();
      event.preventDefault();
    }
  });

  /** @param {{ key: string, value: string, shown: string, whole: string, count?: number, on: boolean }} chip */
  const button = ({ key, value, shown, whole, count, on }) => {
    const made = document.createElement("button");
    made.type = "button";
    made.dataset.filter = `${key} ${value}`;
    made.setAttribute("aria-pressed", String(on));
    made.append(shown);
    if (shown !== whole) {
      made.title = whole;
      made.setAttribute("aria-label", count === undefined ? whole : `${whole} ${count}`);
    }
    if (count !== undefined) {
      const number = document.createElement("span");
      number.textContent = String(count);
      made.append(" ", number);
    }
    made.addEventListener("click", () => editor.postMessage({ type: "filter", key, value, on: !on }));
    return made;
  };

  window.addEventListener("message", ({ data }) => {
    history = data.history;
    // Who types is ahead of the results.
    if (data.focus || document.activeElement !== field) {
      field.value = data.text;
      recalled = -1;
      typed = data.text;
    }
    said.textContent = data.said;
    order.hidden = !data.said;
    for (const one of order.querySelectorAll("button")) {
      const checked = one.dataset.order === data.order;
      one.setAttribute("aria-checked", String(checked));
      one.tabIndex = checked ? 0 : -1;
    }
    const active = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.filter : undefined;
    filters.replaceChildren(...data.chips.map(button));
    if (active) {
      [...filters.querySelectorAll("button")].find((one) => one.dataset.filter === active)?.focus();
    }
    if (data.focus) {
      field.focus();
      field.select();
    }
  });
  window.addEventListener("focus", () => {
    if (document.activeElement === document.body) {
      field.focus();
    }
  });
  editor.postMessage({ type: "ready" });
}
