---What the user can set, and the configuration of the language client made from it.
local M = {}

---@class codanna.Options
---@field cmd string[] How the server is started.
---@field filetypes string[]|nil File types that start the server; all of them when nil.
---@field root_markers string[] Files or folders that mark the root of a workspace.
---@field settings table The server's settings in sections, such as `{ search = { limit = 20 } }`.
---@field picker "auto"|"builtin"|"select"|"telescope"|"fzf"|"snacks"|"mini" Where results are shown.
---@field limit integer Results that a picker shows.
---@field debounce_ms integer Pause in typing after which a live search is sent.

---@type codanna.Options
M.defaults = {
  cmd = { "codanna-lsp", "serve" },
  filetypes = nil,
  root_markers = { ".codanna.toml", ".git", ".hg", ".jj" },
  settings = {},
  picker = "auto",
  limit = 50,
  debounce_ms = 120,
}

---@type codanna.Options
M.options = vim.deepcopy(M.defaults)

---@param given table|nil
function M.set(given)
  given = given or {}
  for key, value in pairs(given) do
    if key ~= "filetypes" and M.defaults[key] == nil then
      error(("codanna: unknown option `%s`; see :help codanna-options"):format(key), 0)
    end
    local wanted = key == "filetypes" and "table" or type(M.defaults[key])
    if type(value) ~= wanted then
      error(("codanna: option `%s` must be a %s; see :help codanna-options"):format(key, wanted), 0)
    end
  end
  M.options = vim.tbl_extend("force", vim.deepcopy(M.defaults), given)
end

---The root of the workspace that holds `path`: the nearest folder with a marker, else the working directory
---when it holds the path. Nil elsewhere, and nil for the home folder without a marker: nobody wants all of it
---indexed because one stray file was opened.
---@param path string
---@return string|nil
function M.root(path)
  local start = vim.fn.isdirectory(path) == 1 and path or vim.fn.fnamemodify(path, ":h")
  start = vim.fn.resolve(vim.fn.fnamemodify(start, ":p")):gsub("(.)/$", "%1")
  local folder = start
  while true do
    for _, marker in ipairs(M.options.root_markers) do
      if vim.loop.fs_stat(folder .. "/" .. marker) then
        return folder
      end
    end
    local parent = vim.fn.fnamemodify(folder, ":h")
    if parent == folder then
      break
    end
    folder = parent
  end
  local cwd = vim.fn.resolve(vim.fn.getcwd()):gsub("(.)/$", "%1")
  local home = vim.fn.resolve(vim.loop.os_homedir() or "")
  local holds_home = cwd == "/" or home == cwd or vim.startswith(home, cwd .. "/")
  if not holds_home and (start == cwd or vim.startswith(start, cwd .. "/")) then
    return cwd
  end
  return nil
end

---The configuration of the language client.
---@return table
function M.client()
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  -- The server's "Find similar code" action runs this command here instead of asking in a message.
  capabilities.experimental = { commands = { commands = { "codanna.showSimilar" } } }
  local options = M.options
  -- An empty Lua table is a list for JSON, but the server expects an object.
  local settings = next(options.settings) and options.settings or vim.empty_dict()
  return {
    name = "codanna",
    cmd = options.cmd,
    filetypes = options.filetypes,
    root_dir = vim.fn.has("nvim-0.11") == 1 and function(buffer, on_dir)
      local root = M.root(vim.api.nvim_buf_get_name(buffer))
      if root then
        on_dir(root)
      end
    end or nil,
    capabilities = capabilities,
    -- Of every language: `navigation.lua` leaves buffers with another server to that one.
    init_options = vim.tbl_extend("keep", { navigationLanguages = { "*" } }, settings),
    settings = { codanna = settings },
    handlers = {
      ["codanna/statusChanged"] = function(_, result, context)
        require("codanna.status").changed(context.client_id, result)
      end,
    },
    on_init = function(client)
      require("codanna.client").started(client)
    end,
    on_exit = function(code, signal, id)
      require("codanna.client").ended(code, signal, id)
    end,
  }
end

return M
