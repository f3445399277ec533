---Find code by meaning. See `:help codanna`.
local client = require("codanna.client")
local config = require("codanna.config")
local hits = require("codanna.hits")
local pickers = require("codanna.pickers")
local relations = require("codanna.relations")
local source = require("codanna.source")
local status = require("codanna.status")

local M = {}

---Start the server with every file that is opened. On Neovim 0.11 and newer `vim.lsp.enable("codanna")` alone
---does it, too; then `vim.lsp.config` sets the options of the client.
---@param options table|nil See `:help codanna-options`.
function M.setup(options)
  config.set(options)
  -- Plug-in managers that put the folder on the runtime path themselves do not always load what is in `plugin/`.
  vim.cmd("runtime plugin/codanna.lua")
  if vim.fn.has("nvim-0.11") == 1 then
    vim.lsp.config("codanna", config.client())
    vim.lsp.enable("codanna")
    return
  end
  local group = vim.api.nvim_create_augroup("codanna", { clear = true })
  local function attach(event)
    local wanted = config.options.filetypes
    local buffer = event.buf
    if not wanted or vim.tbl_contains(wanted, vim.bo[buffer].filetype) then
      client.attach(buffer)
    end
  end
  -- Files without a known type are searchable, too, so the type alone would not do.
  vim.api.nvim_create_autocmd({ "BufReadPost", "BufNewFile", "FileType" }, { group = group, callback = attach })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    attach({ buf = buffer })
  end
end

---Search by meaning. Without a question, a picker opens that searches while you type.
---@param query string|nil
function M.search(query)
  pickers.show(source.search(), query or "")
end

---Find definitions by name, fuzzily.
---@param query string|nil
function M.symbols(query)
  pickers.show(source.symbols(), query or "")
end

---Find code like the definition under the cursor, or like the given lines.
---@param lines { first: integer, last: integer }|nil Counted from 1.
function M.similar(lines)
  local range = lines
    and { start = { line = lines.first - 1, character = 0 }, ["end"] = { line = lines.last, character = 0 } }
  pickers.show(source.similar(range), "")
end

---Show who calls the definition under the cursor.
function M.callers()
  pickers.show(relations.callers(), "")
end

---Show what a change of the definition under the cursor reaches, or what the diff in this buffer does.
function M.impact()
  pickers.show(relations.impact(), "")
end

---The last results as a quickfix list.
function M.quickfix()
  hits.to_list(hits.last, hits.last_title, "quickfix")
end

---The last results as a location list.
function M.loclist()
  hits.to_list(hits.last, hits.last_title, "loclist")
end

local function failed(err)
  client.say(err.message or "the request failed", vim.log.levels.ERROR)
end

---Show the state of the index.
function M.status()
  client.request("codanna/status", nil, function(err, result)
    if err then
      return failed(err)
    end
    vim.api.nvim_echo({ { table.concat(status.lines(result), "\n") } }, true, {})
  end)
end

---Build the text index anew.
function M.reindex()
  client.request("workspace/executeCommand", { command = "codanna.reindex" }, function(err)
    if err then
      return failed(err)
    end
    client.say("the index was rebuilt")
  end)
end

---Open the log of the server; the client's own log where the server writes none.
function M.log()
  local function open(path)
    vim.cmd("tab split")
    vim.cmd("buffer " .. vim.fn.bufadd(path))
    vim.cmd("normal! G")
  end
  local function own()
    open((vim.lsp.log and vim.lsp.log.get_filename or vim.lsp.get_log_path)())
  end
  if #client.all() == 0 then
    return own()
  end
  client.request("codanna/status", nil, function(err, result)
    if not err and type(result.server.log) == "string" and vim.fn.filereadable(result.server.log) == 1 then
      return open(result.server.log)
    end
    own()
  end)
end

---Stop the server and start it again.
function M.restart()
  client.restart()
end

---A short text for the statusline: `%{%v:lua.require'codanna'.statusline()%}`.
---@return string
function M.statusline()
  return status.statusline()
end

-- What the server's "Find similar code" action runs.
vim.lsp.commands["codanna.showSimilar"] = function(command)
  local params = command.arguments[1]
  pickers.show(source.similar(params.range, params.textDocument.uri, params.position), "")
end

return M
