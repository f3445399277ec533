---Results: reading them, showing them on a line, opening them, and keeping the last ones for the lists.
local inert = require("codanna.inert")

local M = {}

local has_011 = vim.fn.has("nvim-0.11") == 1

---What is shown of a hit is inert; `uri` and `filename` are exact.
---@class codanna.Hit
---@field name string
---@field kind string
---@field container string
---@field path string Relative to the workspace folder.
---@field uri string
---@field filename string
---@field lnum integer Line of the name, counted from 1.
---@field end_lnum integer Last line of the definition.
---@field character integer Column of the name in `encoding`.
---@field encoding string
---@field signature string
---@field text string The line that fits the question best.
---@field url string|nil Of a result of the team's index: what opens it; empty without a link template.

---@type codanna.Hit[]
M.last = {}
M.last_title = "Codanna"

local MAX_TEXT = 160

local function byte_column(line, character, encoding)
  if encoding == "utf-8" then
    return math.min(character, #line)
  end
  if has_011 then
    return vim.str_byteindex(line, encoding, character, false)
  end
  local ok, index = pcall(vim.str_byteindex, line, character, encoding == "utf-16")
  return ok and index or #line
end

---Column as the server counts it, of a byte column.
---@param line string
---@param byte integer
---@param encoding string
---@return integer
function M.character(line, byte, encoding)
  byte = math.min(byte, #line)
  if encoding == "utf-8" then
    return byte
  end
  if has_011 then
    return vim.str_utfindex(line, encoding, byte, false)
  end
  local utf32, utf16 = vim.str_utfindex(line, byte)
  return encoding == "utf-16" and utf16 or utf32
end

local function best_line(hit)
  for _, part in ipairs(hit.snippet or {}) do
    if part.best then
      return vim.trim(part.text)
    end
  end
  return hit.signature or ""
end

---What is known of results of the team's index, by the names under which lists open them.
---@type table<string, string[]>
local elsewhere = {}

local function lines_of(raw)
  local lines = { ("%s, %s, line %d"):format(raw.repository, raw.path, raw.selectionRange.start.line + 1) }
  vim.list_extend(lines, { raw.url ~= "" and raw.url or "(set team.link to open such results)", "", raw.signature or "" })
  vim.list_extend(lines, vim.split(raw.doc or "", "\n"))
  for _, part in ipairs(raw.snippet or {}) do
    table.insert(lines, ("%6d  %s"):format(part.line + 1, part.text))
  end
  return vim.tbl_map(inert.line, lines)
end

---Whatever list opens such a result shows what came with it: there is no file of it here.
vim.api.nvim_create_autocmd("BufReadCmd", {
  group = vim.api.nvim_create_augroup("codanna_elsewhere", {}),
  pattern = "codanna://*",
  callback = function(event)
    local lines = elsewhere[event.match] or elsewhere[event.file] or { "(search again to see this result)" }
    vim.api.nvim_buf_set_lines(event.buf, 0, -1, false, lines)
    vim.bo[event.buf].buftype = "nofile"
    vim.bo[event.buf].modifiable = false
  end,
})

---No name from elsewhere is so long that it hides where it is.
local MAX_CONTAINER = 60

---A result of the team's index.
local function read_elsewhere(raw, encoding)
  local place = inert.line(("%s/%s"):format(raw.repository, raw.path)):gsub("%.%.", "")
  local filename = "codanna://" .. place
  elsewhere[filename] = lines_of(raw)
  return {
    name = inert.line(raw.name),
    kind = inert.line(raw.kind),
    container = vim.fn.strcharpart(inert.line(raw.container or ""), 0, MAX_CONTAINER),
    path = inert.line(("[%s] %s"):format(raw.repository, raw.path)),
    uri = raw.uri,
    url = raw.url or "",
    filename = filename,
    lnum = raw.selectionRange.start.line + 1,
    end_lnum = raw.range["end"].line + 1,
    character = 0,
    encoding = encoding,
    signature = inert.line(raw.signature or ""),
    text = inert.line(best_line(raw)),
  }
end

---@param raw table A hit of `codanna/semanticSearch`.
---@param encoding string
---@return codanna.Hit
function M.read(raw, encoding)
  if raw.repository then
    return read_elsewhere(raw, encoding)
  end
  return {
    name = inert.line(raw.name),
    kind = inert.line(raw.kind),
    container = inert.line(raw.container or ""),
    path = inert.line(raw.path),
    uri = raw.uri,
    filename = vim.uri_to_fname(raw.uri),
    lnum = raw.selectionRange.start.line + 1,
    end_lnum = raw.range["end"].line + 1,
    character = raw.selectionRange.start.character,
    encoding = encoding,
    signature = inert.line(raw.signature or ""),
    text = inert.line(best_line(raw)),
  }
end

---@param raw table A `SymbolInformation` or `WorkspaceSymbol`.
---@param encoding string
---@return codanna.Hit
function M.read_symbol(raw, encoding)
  local range = raw.location.range
  local repository = type(raw.data) == "table" and raw.data.repository
  if repository then
    return read_elsewhere({
      name = raw.name,
      kind = (vim.lsp.protocol.SymbolKind[raw.kind] or "text"):lower(),
      repository = repository,
      path = raw.data.path,
      uri = raw.location.uri,
      url = raw.location.uri,
      range = range,
      selectionRange = range,
    }, encoding)
  end
  local filename = vim.uri_to_fname(raw.location.uri)
  return {
    name = inert.line(raw.name),
    kind = (vim.lsp.protocol.SymbolKind[raw.kind] or "text"):lower(),
    container = inert.line(raw.containerName or ""),
    path = inert.line(vim.fn.fnamemodify(filename, ":.")),
    uri = raw.location.uri,
    filename = filename,
    lnum = range.start.line + 1,
    end_lnum = range["end"].line + 1,
    character = range.start.character,
    encoding = encoding,
    signature = "",
    text = "",
  }
end

---Remember results for `:Codanna quickfix` and `loclist`.
---@param hits codanna.Hit[]
---@param title string
function M.keep(hits, title)
  M.last, M.last_title = hits, title
end

---@param hit codanna.Hit
---@return string
function M.label(hit)
  if hit.name == "" then
    return hit.text
  end
  local container = hit.container ~= "" and hit.kind ~= "text" and hit.container .. "." or ""
  return container .. hit.name
end

---One line for pickers that show plain text.
---@param hit codanna.Hit
---@return string
function M.line(hit)
  return ("%-9s %s  %s:%d"):format(hit.kind, M.label(hit), hit.path, hit.lnum)
end

---The loaded buffer of a file. `bufnr()` would take a name with brackets for a pattern, and give another file.
---@param filename string
---@return integer|nil
function M.loaded(filename)
  local buffer = vim.fn.bufnr(filename)
  local same = buffer > 0 and vim.api.nvim_buf_is_loaded(buffer) and vim.api.nvim_buf_get_name(buffer) == filename
  return same and buffer or nil
end

---Byte column of the name, counted from 1. Reads the line from its buffer or file.
---@param hit codanna.Hit
---@return integer
function M.column(hit)
  if hit.character == 0 then
    return 1
  end
  local buffer = M.loaded(hit.filename)
  local line
  if buffer then
    line = vim.api.nvim_buf_get_lines(buffer, hit.lnum - 1, hit.lnum, false)[1]
  else
    local ok, lines = pcall(vim.fn.readfile, hit.filename, "", hit.lnum)
    line = ok and lines[hit.lnum] or nil
  end
  return byte_column(line or "", hit.character, hit.encoding) + 1
end

---Commands that make a place for a file. Its name is never part of one: a line break in it would end the
---command and begin the next, however it is escaped.
local PLACES = { split = "split", vsplit = "vsplit", tabedit = "tab split" }

---Open a hit in the current window, or as the command says.
---@param hit codanna.Hit
---@param command string|nil "edit", "split", "vsplit" or "tabedit"
function M.open(hit, command)
  if hit.url and vim.startswith(hit.url, "https://") and vim.ui.open then
    vim.ui.open(hit.url)
    return
  end
  vim.cmd("normal! m'") -- So that CTRL-O leads back.
  if PLACES[command] then
    vim.cmd(PLACES[command])
  end
  local buffer = vim.fn.bufadd(hit.filename)
  vim.bo[buffer].buflisted = true
  if buffer ~= vim.api.nvim_get_current_buf() then
    vim.cmd("buffer " .. buffer)
  end
  local last = vim.api.nvim_buf_line_count(0)
  local lnum = math.min(hit.lnum, last)
  vim.api.nvim_win_set_cursor(0, { lnum, M.column(hit) - 1 })
  vim.cmd("normal! zvzz")
end

---@param hits codanna.Hit[]
---@return table[] items for setqflist()
function M.items(hits)
  local here = vim.tbl_filter(function(hit)
    return not hit.url
  end, hits)
  return vim.tbl_map(function(hit)
    local detail = hit.signature ~= "" and hit.signature or hit.text
    local text = hit.kind .. " " .. M.label(hit) .. (detail ~= "" and "  " .. detail or "")
    text = vim.fn.strcharpart(text:gsub("%s+", " "), 0, MAX_TEXT)
    return { filename = hit.filename, lnum = hit.lnum, end_lnum = hit.end_lnum, col = M.column(hit), text = text }
  end, here)
end

---Put results into the quickfix or location list and show it.
---@param hits codanna.Hit[]
---@param title string
---@param where "quickfix"|"loclist"
function M.to_list(hits, title, where)
  local what = { title = title, items = M.items(hits) }
  if where == "loclist" then
    vim.fn.setloclist(0, {}, " ", what)
    vim.cmd("lopen")
  else
    vim.fn.setqflist({}, " ", what)
    vim.cmd("copen")
  end
  vim.wo.wrap = false -- One row for each result.
end

return M
