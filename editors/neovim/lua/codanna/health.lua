---`:checkhealth codanna`
local M = {}

function M.check()
  local health = vim.health or require("health")
  local start = health.start or health.report_start
  local ok = health.ok or health.report_ok
  local warn = health.warn or health.report_warn
  local bad = health.error or health.report_error
  local info = health.info or health.report_info
  local inert = require("codanna.inert")

  local client = require("codanna.client")
  local config = require("codanna.config")
  local pickers = require("codanna.pickers")
  local status = require("codanna.status")

  start("codanna: the server")
  if vim.fn.has("nvim-0.7") == 1 then
    ok("Neovim is new enough")
  else
    bad("Neovim 0.7 or newer is needed")
  end
  local program = config.options.cmd[1]
  if not client.executable() then
    bad(("`%s` was not found"):format(program), {
      "Install it: `pipx install .` in a clone of Codanna LSP; :help codanna-install",
      "or name it: require('codanna').setup({ cmd = { '/path/to/codanna-lsp', 'serve' } })",
    })
    return
  end
  local version = vim.trim(vim.fn.system({ program, "--version" }))
  if vim.v.shell_error == 0 then
    ok(("%s (%s)"):format(version, vim.fn.exepath(program)))
  else
    bad(("`%s --version` failed: %s"):format(program, version))
  end
  local running = client.all()
  if #running == 0 then
    warn("no server is running", { "Open a file, or ask with :Codanna search" })
  end
  for _, one in ipairs(running) do
    ok(inert.line(("running in %s"):format(one.config.root_dir)))
  end
  for _, folder in ipairs(status.folders()) do
    info(inert.line(("%s: %s, %s symbols"):format(folder.name, folder.state, folder.symbols or "no")))
    for _, problem in ipairs(folder.problems or {}) do
      warn(inert.line(problem.message))
    end
  end

  start("codanna: where results are shown")
  info(("picker = %q"):format(config.options.picker))
  info("in use: " .. pickers.name())
end

return M
