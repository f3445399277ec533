// What a new user does, in a browser: install the .vsix, open a folder, ask, preview, open, edit, find the edit.
import { join } from "node:path";
import { run, shots, withWorkbench, workspace } from "./workbench.mjs";

const began = Date.now();
let passed = 0;

async function step(claim, body) {
  const start = Date.now();
  try {
    await body();
    passed += 1;
    console.log(`ok - ${claim} (${Date.now() - start} ms)`);
  } catch (error) {
    console.log(`not ok - ${claim}: ${error.message.slice(0, 600)}`);
    throw error;
  }
}

const settings = {
  "editor.minimap.enabled": false,
  "editor.fontSize": 13,
  "workbench.colorTheme": "Default Dark Modern",
  "breadcrumbs.enabled": false,
  "explorer.compactFolders": false,
  "editor.hover.enabled": "off",
  "editor.stickyScroll.enabled": false,
};

let code = 1;
try {
  await step("the .vsix installs", () => run(["--install-extension", join(process.env.EDITOR_TOOLS, "codanna-lsp.vsix")]));
  await step("without a server, one message leads to the page that says how to install it", () =>
    withWorkbench({ settings, machine: {}, path: "/nowhere" }, async (page, authority) => {
      await page.goto(`http://${authority}/?folder=${encodeURIComponent(workspace)}`);
      const toast = page.locator(".notification-toast", { hasText: "The Codanna server is not installed." });
      await toast.getByRole("button", { name: "How to Install" }).click();
      const readme = page.frameLocator(".webview.ready").frameLocator("#active-frame");
      await readme.getByText("The server is a program of its own").waitFor();
    }),
  );
  await withWorkbench({ settings, size: { width: 1200, height: 720 } }, async (page, authority) => {
    const rows = page.locator(".quick-input-list .monaco-list-row");
    const shot = (name) => page.screenshot({ path: join(shots, `${name}.png`) });
    const line = (text) => page.locator("#status\\.editor\\.selection", { hasText: text }).waitFor();
    // The palette's list does not grow while it is open, so it is opened anew until the command is there.
    const command = async (name) => {
      const row = rows.filter({ hasText: name }).first();
      for (const end = Date.now() + 60_000; ; ) {
        await page.keyboard.press("F1");
        const input = page.locator(".quick-input-widget:visible input.input");
        await input.waitFor();
        await input.fill(`>${name}`);
        if (await row.waitFor({ timeout: 2000 }).then(() => true, () => false)) {
          await row.click();
          return;
        }
        if (Date.now() > end) {
          throw new Error(`the palette has no ${name}`);
        }
        await page.keyboard.press("Escape");
      }
    };
    const asked = () => page.getByPlaceholder("What should the code do?").first().waitFor();
    // Types when the field listens: a key that is pressed earlier would be lost.
    const type = async (text) => {
      const input = page.locator(".quick-input-widget:visible input.input");
      await input.waitFor();
      await page.waitForFunction(() => document.activeElement?.classList.contains("input"));
      await input.pressSequentially(text, { delay: 20 });
    };
    const open = (file) => page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();

    await step("opening a folder starts the server and builds the index", async () => {
      await page.goto(`http://${authority}/?folder=${encodeURIComponent(workspace)}`);
      const item = page.locator("#codanna\\.codanna-lsp\\.codanna\\.status");
      await item.waitFor();
      await page.locator('#codanna\\.codanna-lsp\\.codanna\\.status:not(:has(.codicon-sync)):has-text("Codanna")').waitFor();
    });
    await page.locator('.explorer-folders-view .monaco-list-row[aria-label*="docs"]').waitFor();

    await step("the best answer to a question comes first, with what it is and where", async () => {
      await page.keyboard.press("Control+Alt+M");
      await asked();
      await type("retry failed uploads");
      await rows.first().filter({ hasText: "_send_with_backoff" }).waitFor();
      const text = await rows.first().innerText();
      if (!/Transfer · uploads\/transfer\.py:31/.test(text)) {
        throw new Error(text);
      }
    });
    await step("the result is previewed behind the list, and the next one too", async () => {
      await open("transfer.py");
      await line("Ln 31");
      await page.keyboard.press("ArrowDown");
      await page.waitForFunction(() => !document.querySelector("#status\\.editor\\.selection")?.textContent?.includes("Ln 31"));
      await page.keyboard.press("ArrowUp");
      await line("Ln 31");
      // For the picture: until the text has its colours.
      await page.waitForFunction(() => {
        const words = document.querySelectorAll(".monaco-editor .view-lines span[class*=mtk]");
        return new Set([...words].map((word) => word.className)).size > 3;
      });
      await shot("vscode-quickpick");
    });
    await step("Enter opens it at the right line", async () => {
      await page.keyboard.press("Enter");
      await page.locator(".quick-input-widget").waitFor({ state: "hidden" });
      await open("transfer.py");
      await line("Ln 31, Col 9");
    });
    await step("the side bar keeps results, grouped by file", async () => {
      await command("Codanna: Search by Meaning in the Side Bar…");
      await asked();
      await type("sessions and passwords of users");
      await page.keyboard.press("Enter");
      const tree = page.locator(".pane-body .monaco-list-row");
      await tree.filter({ hasText: "session.ts" }).first().waitFor();
      const hit = tree.filter({ hasText: "signIn" }).first();
      await hit.click();
      await open("session.ts");
      await line("Ln 9");
      // VS Code's TypeScript server does not run here and complains about it, which is no part of the picture.
      await command("Notifications: Clear All Notifications");
      await hit.hover();
      await page.locator(".workbench-hover").waitFor({ state: "hidden" });
      await shot("vscode-view");
    });
    await step("an edit that was saved is found", async () => {
      await page.locator(".monaco-editor .view-lines").first().click();
      await page.keyboard.press("Control+End");
      await page.keyboard.type("\n/** Turn the wobbly gizmo upside down. */\nexport function frobnicate() {");
      await page.keyboard.press("Control+s");
      await page.locator(".tab.active.dirty").waitFor({ state: "detached" });
      await command("Codanna: Search by Meaning…");
      await asked();
      await type("turn wobbly gizmo upside down");
      await rows.first().filter({ hasText: "frobnicate" }).waitFor();
      await page.keyboard.press("Escape");
    });
  });
  code = 0;
} catch (error) {
  console.log(`not ok - ${error.message.slice(0, 600)}`);
}
console.log(`${passed} passed, ${code} failed in ${((Date.now() - began) / 1000).toFixed(0)} s`);
process.exit(code);
