---Who uses what: callers of a definition, and what a change reaches, as results for pickers and lists.
local client = require("codanna.client")
local hits = require("codanna.hits")
local inert = require("codanna.inert")

local M = {}

---Sure edges before others within a file, as the server sends them; what is less than certain says so.
---@param edge table
---@param encoding string
---@return codanna.Hit
function M.read(edge, encoding)
  local symbol = type(edge.symbol) == "table" and edge.symbol or {}
  local steps = edge.depth > 1 and (", %d steps"):format(edge.depth) or ""
  local test = edge.test and ", test" or ""
  return {
    name = inert.line(symbol.name or vim.fn.fnamemodify(edge.path, ":t")),
    kind = inert.line(symbol.kind or "file"),
    container = inert.line(symbol.container or ""),
    path = inert.line(edge.path),
    uri = edge.uri,
    filename = vim.uri_to_fname(edge.uri),
    lnum = edge.range.start.line + 1,
    end_lnum = edge.range["end"].line + 1,
    character = edge.range.start.character,
    encoding = encoding,
    signature = "",
    tier = inert.line(edge.tier),
    text = inert.line(("%s %s%s%s: %s"):format(edge.tier, edge.role, steps, test, edge.reason)),
  }
end

---@param definition table A candidate: nobody can say whose callers are meant.
---@param encoding string
---@return codanna.Hit
local function read_candidate(definition, encoding)
  local hit = hits.read(vim.tbl_extend("force", { signature = "", snippet = {} }, definition), encoding)
  hit.text = "one of several definitions of this name"
  return hit
end

---What an answer does not show, in sentences.
---@param result table
---@return string[]
local function missing(result)
  local said = {}
  if #result.targets == 0 and #result.candidates == 0 then
    table.insert(said, "no definition is known here")
  end
  for _, problem in ipairs(result.problems) do
    table.insert(said, problem.message)
  end
  if result.weaker > 0 then
    table.insert(said, ("%d with less confidence are not listed"):format(result.weaker))
  end
  return said
end

---@param method string
---@param title string
---@param params table
---@return codanna.Source
local function source(method, title, params)
  local buffer = vim.api.nvim_get_current_buf()
  return {
    title = title,
    live = false,
    ask = function(_, callback)
      return client.request(method, params, function(err, result, at)
        if err then
          callback(err.message or "the request failed", {}, {})
          return
        end
        local list = {}
        for _, edge in ipairs(result.edges) do
          table.insert(list, M.read(edge, at.offset_encoding))
        end
        for _, candidate in ipairs(result.candidates) do
          table.insert(list, read_candidate(candidate, at.offset_encoding))
        end
        hits.keep(list, "Codanna: " .. title:lower())
        callback(nil, list, missing(result))
      end, buffer)
    end,
  }
end

---The cursor as the server counts.
---@return table params
local function here()
  local buffer = vim.api.nvim_get_current_buf()
  local at = client.get(buffer)
  local cursor = vim.api.nvim_win_get_cursor(0)
  local line = vim.api.nvim_get_current_line()
  return {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    position = {
      line = cursor[1] - 1,
      character = hits.character(line, cursor[2], at and at.offset_encoding or "utf-16"),
    },
  }
end

---@return codanna.Source
function M.callers()
  return source("codanna/callers", "Callers", here())
end

---Of the definition at the cursor; in a buffer with a diff, of what that changes.
---@return codanna.Source
function M.impact()
  if vim.bo.filetype:find("^diff") or vim.bo.filetype:find("^git") then
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n") .. "\n"
    return source("codanna/impact", "Impact of the diff", { diff = text })
  end
  return source("codanna/impact", "Impact of a change", here())
end

return M
