// Runs editors/vscode/src/test inside the extension host.
import { extension, withWorkbench, workspace } from "./workbench.mjs";

let code = 1;
await withWorkbench(
  { options: ["--vscode-option", "enable-smoke-test-driver"] },
  async (page, authority) => {
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
    const query = new URLSearchParams({ folder: workspace, payload: JSON.stringify(payload) });
    await page.goto(`http://${authority}/?${query}`);
    const limit = new Promise((resolve) => setTimeout(resolve, 140_000, "time-out").unref());
    code = await Promise.race([finished, limit]);
    if (code !== 0) {
      console.log(tested ? "" : errors.join("\n"));
      throw new Error(`the tests in the extension host ended with ${code}`);
    }
  },
).catch((error) => console.log(`not ok - ${error.message}`));
process.exit(code === 0 ? 0 : 1);
