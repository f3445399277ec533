// Text of a workspace made harmless for VS Code. The server spells out control characters already; what VS Code
// itself would make of the rest is dealt with here.
import type { MarkdownString } from "vscode";

const ACTS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]/gu;

/** On one line, with what would act spelt out: `\x1b`, `\u202e`. */
export function inert(text: string): string {
  return text.replace(ACTS, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** For labels: VS Code draws an icon for `$(name)`, so a space of no width comes between. */
export function label(text: string): string {
  return inert(text).replace(/\$\(/g, "$\u200b(");
}

/** For notifications: VS Code makes a link of Markdown's form, even one that runs a command. */
export function message(text: string): string {
  return inert(text).replace(/\]\(/g, "] (");
}

/** Add text to a tooltip as it is: no icons, images, HTML and links with another text come of it. */
export function addText(to: MarkdownString, text: string): MarkdownString {
  const lines = text.split(/\r?\n/).map(label);
  // `appendText` escapes what Markdown means; HTML would be left out, and should be seen.
  return to.appendText(lines.join("\n").replace(/&/g, "&amp;").replace(/</g, "&lt;"));
}

/** Add a line of code to a tooltip; a language is a plain word, or the block could end behind it. */
export function addCode(to: MarkdownString, code: string, language: string): MarkdownString {
  return to.appendCodeblock(inert(code), language.replace(/[^\w+#-]/g, ""));
}
