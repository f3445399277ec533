---The three kinds of questions, asked the same way by every picker.
local client = require("codanna.client")
local config = require("codanna.config")
local hits = require("codanna.hits")

local M = {}

---@class codanna.Source
---@field title string
---@field live boolean Whether the question can change while results are shown.
---@field ask fun(query: string, callback: fun(err: string|nil, hits: codanna.Hit[], problems: string[])): fun()
---`ask` gives a function that cancels; after it the callback is not called any more.

---Problems that solve themselves: this plug-in has started what builds the index.
local BUILDING = { opening = true, ["index-missing"] = true }
M.building = "the index is being built"

---What is missing in an answer, in sentences.
---@param result table
---@return string[]
local function missing(result)
  return vim.tbl_map(function(problem)
    return BUILDING[problem.code] and M.building or problem.message
  end, result.problems or {})
end

---What the last answer lacked; it is not said again with every key that is typed.
---@type table<string, boolean>
local told = {}

---Tell the user that a question failed, or what its answer lacks.
---@param err string|nil
---@param problems string[]|nil
function M.tell(err, problems)
  if err then
    client.say(err, vim.log.levels.ERROR)
  end
  local now = {}
  for _, problem in ipairs(problems or {}) do
    now[problem] = true
    if not told[problem] then
      client.say(problem, vim.log.levels.WARN)
    end
  end
  told = now
end

---Number of the newest question. Its results are the last ones, even if an older answer comes later.
local newest = 0

---@param method string
---@param params table
---@param buffer integer
---@param title string
---@param callback fun(err: string|nil, hits: codanna.Hit[], problems: string[])
---@return fun() cancel
local function ask(method, params, buffer, title, callback)
  newest = newest + 1
  local mine = newest
  return client.request(method, params, function(err, result, at)
    if err then
      callback(err.message or "the request failed", {}, {})
      return
    end
    local names = method == "workspace/symbol"
    result = result or {}
    local list = vim.tbl_map(function(raw)
      return (names and hits.read_symbol or hits.read)(raw, at.offset_encoding)
    end, names and result or result.hits or {})
    if mine == newest then
      hits.keep(list, title)
    end
    callback(nil, list, names and {} or missing(result))
  end, buffer)
end

local function document(buffer)
  if not vim.api.nvim_buf_is_valid(buffer) then
    return nil
  end
  local name = vim.api.nvim_buf_get_name(buffer)
  if name == "" or vim.bo[buffer].buftype ~= "" then
    return nil
  end
  return { uri = vim.uri_from_bufnr(buffer) }
end

---@return codanna.Source
function M.search()
  local buffer = vim.api.nvim_get_current_buf()
  return {
    title = "Search by meaning",
    live = true,
    ask = function(query, callback)
      local params = { query = query, limit = config.options.limit, team = true, textDocument = document(buffer) }
      return ask("codanna/semanticSearch", params, buffer, "Codanna: " .. query, callback)
    end,
  }
end

---@return codanna.Source
function M.symbols()
  local buffer = vim.api.nvim_get_current_buf()
  return {
    title = "Symbols",
    live = true,
    ask = function(query, callback)
      return ask("workspace/symbol", { query = query, team = true }, buffer, "Codanna symbols: " .. query, callback)
    end,
  }
end

---@param range table|nil An LSP range; the definition under the cursor when nil.
---@param uri string|nil The current document when nil.
---@param position table|nil The cursor when nil.
---@return codanna.Source
function M.similar(range, uri, position)
  local buffer = vim.api.nvim_get_current_buf()
  local at = client.get(buffer)
  local encoding = at and at.offset_encoding or "utf-16"
  local cursor = vim.api.nvim_win_get_cursor(0)
  local line = vim.api.nvim_get_current_line()
  local params = {
    textDocument = { uri = uri or vim.uri_from_bufnr(buffer) },
    position = position or { line = cursor[1] - 1, character = hits.character(line, cursor[2], encoding) },
    range = range,
    limit = config.options.limit,
    team = true,
  }
  return {
    title = "Similar code",
    live = false,
    ask = function(_, callback)
      return ask("codanna/findSimilar", params, buffer, "Codanna: similar code", callback)
    end,
  }
end

---A search that follows the typing: waits for a pause, cancels what is under way, and never shows an answer
---to an older question.
---@param source codanna.Source
---@param show fun(err: string|nil, hits: codanna.Hit[], problems: string[], query: string)
---@return { query: fun(self: table, text: string), again: fun(self: table), stop: fun(self: table) }
function M.live(source, show)
  local timer = vim.loop.new_timer()
  local cancel = function() end
  local round = 0
  local asked
  local live = {}

  function live:query(text)
    text = vim.trim(text)
    if text == asked then
      return
    end
    asked = text
    round = round + 1
    local mine = round
    cancel()
    timer:stop()
    if text == "" then
      show(nil, {}, {}, text)
      return
    end
    timer:start(config.options.debounce_ms, 0, vim.schedule_wrap(function()
      if mine ~= round then
        return
      end
      cancel = source.ask(text, function(err, list, problems)
        if mine == round then
          show(err, list, problems, text)
        end
      end)
    end))
  end

  ---Ask the same question again, for the index knows more now.
  function live:again()
    local text = asked
    asked = nil
    if text and text ~= "" then
      self:query(text)
    end
  end

  function live:stop()
    round = round + 1
    cancel()
    timer:stop()
    if not timer:is_closing() then
      timer:close()
    end
  end

  return live
end

return M
