// The pictures of the documentation: the list with its preview, the side bar and the map, in two themes.
import { join } from "node:path";
import { run, shots, withWorkbench, workspace } from "./workbench.mjs";

const QUESTION = "throw away sessions that have expired";
const settings = {
  "editor.minimap.enabled": false,
  "editor.fontSize": 13,
  "window.autoDetectColorScheme": true,
  "workbench.preferredDarkColorTheme": "Default Dark Modern",
  "workbench.preferredLightColorTheme": "Default Light Modern",
  "breadcrumbs.enabled": false,
  "editor.stickyScroll.enabled": false,
  "editor.hover.enabled": "off",
};

await run(["--install-extension", join(process.env.EDITOR_TOOLS, "codanna-lsp.vsix")]);
await withWorkbench({ settings }, async (page, authority) => {
  page.setDefaultTimeout(600_000);
  const rows = page.locator(".quick-input-list .monaco-list-row");
  const tree = page.locator(".pane-body .monaco-list-row");
  const input = page.locator(".quick-input-widget:visible input.input");
  const field = page.frameLocator("iframe.webview.ready").frameLocator("#active-frame").getByRole("searchbox");
  const colored = () =>
    page.waitForFunction(() => {
      const words = document.querySelectorAll(".monaco-editor .view-lines span[class*=mtk]");
      return new Set([...words].map((word) => word.className)).size > 3;
    });
  const both = async (name) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.locator(`.monaco-workbench.${colorScheme === "light" ? "vs" : "vs-dark"}`).waitFor();
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`) });
    }
    console.log(`ok - ${name}`);
  };
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`http://${authority}/?folder=${encodeURIComponent(workspace)}`);
  await page.locator('#codanna\\.codanna-lsp\\.codanna\\.status[aria-label*=" symbols"]').waitFor();
  await page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();

  await page.keyboard.press("Control+Alt+M");
  await input.waitFor();
  await input.pressSequentially(QUESTION, { delay: 20 });
  await rows.first().filter({ hasText: "clear_expired" }).waitFor();
  await page.locator(".editor-group-container").last().locator(".tab.active").waitFor();
  await colored();
  await both("vscode-quickpick");
  await page.keyboard.press("Enter");
  await page.locator(".quick-input-widget").waitFor({ state: "hidden" });

  await page.keyboard.press("Control+Alt+N");
  await field.waitFor();
  await page.waitForTimeout(1000);
  await page.keyboard.type(QUESTION, { delay: 20 });
  await page.keyboard.press("Enter");
  await tree.filter({ hasText: "clear_expired" }).first().waitFor();
  await tree.filter({ hasText: "clear_expired" }).first().click();
  await colored();
  await both("vscode-view");

  await page.keyboard.press("F1");
  await input.waitFor();
  await input.fill(">Codanna: Show the Map of the Code");
  await rows.filter({ hasText: "Show the Map of the Code" }).first().click();
  for (const end = Date.now() + 120_000; ; await page.waitForTimeout(200)) {
    const counts = await Promise.all(page.frames().map((frame) => frame.locator("circle.dot").count().catch(() => 0)));
    if (counts.some((count) => count > 0)) {
      break;
    }
    if (Date.now() > end) {
      throw new Error("no map");
    }
  }
  await both("vscode-map");
});
process.exit(0);
