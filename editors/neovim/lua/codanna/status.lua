---The state of the index, as the server last told it, for the statusline and `:Codanna status`.
local inert = require("codanna.inert")

local M = {}

---Folders by client id and uri.
---@type table<integer, table<string, table>>
local states = {}

---@param id integer
---@param result { folders: table[] }
function M.changed(id, result)
  local known = states[id] or {}
  for _, folder in ipairs(result.folders) do
    known[folder.uri] = folder
  end
  states[id] = known
  vim.cmd("redrawstatus")
  vim.api.nvim_exec_autocmds("User", { pattern = "CodannaStatus", modeline = false })
end

---@param id integer
function M.forget(id)
  states[id] = nil
end

---@return table[] folders of every server
function M.folders()
  local list = {}
  for _, known in pairs(states) do
    vim.list_extend(list, vim.tbl_values(known))
  end
  return list
end

---One short text for the statusline; empty while no server runs.
---@return string
function M.statusline()
  local symbols, done, total, busy, problems = 0, 0, 0, nil, 0
  local folders = M.folders()
  if #folders == 0 then
    return ""
  end
  for _, folder in ipairs(folders) do
    symbols = symbols + (folder.symbols or 0)
    done = done + (folder.filesIndexed or 0)
    total = total + (folder.filesTotal or 0)
    problems = problems + #(folder.problems or {})
    if folder.state ~= "ready" and folder.state ~= "read-only" and folder.state ~= "empty" then
      busy = folder.state
    end
  end
  local text
  if busy == "indexing" and total > 0 then
    text = ("codanna %d%%%%"):format(math.floor(100 * done / total))
  elseif busy then
    text = "codanna " .. busy
  elseif symbols >= 10000 then
    text = ("codanna %dk"):format(math.floor(symbols / 1000))
  else
    text = ("codanna %d"):format(symbols)
  end
  return problems > 0 and text .. " !" or text
end

---@param result table The answer of `codanna/status`.
---@return string[] lines
function M.lines(result)
  local lines = { ("codanna-lsp %s, running for %d s"):format(result.server.version, result.server.uptimeSeconds) }
  for _, folder in ipairs(result.folders) do
    table.insert(lines, ("%s: %s"):format(folder.name, folder.state))
    if folder.symbols then
      table.insert(lines, ("  %d symbols in %d of %d files"):format(folder.symbols, folder.filesIndexed, folder.filesTotal))
      table.insert(lines, ("  %d vectors of %s, %d to come"):format(folder.vectors, folder.model, folder.vectorsPending))
      table.insert(lines, ("  %.1f MB in %s"):format(folder.bytesOnDisk / 1e6, folder.indexDir))
      for reason, count in pairs(folder.filesSkipped or {}) do
        table.insert(lines, ("  skipped %d: %s"):format(count, reason))
      end
    end
    for _, problem in ipairs(folder.problems or {}) do
      table.insert(lines, "  problem: " .. problem.message)
    end
  end
  return vim.tbl_map(inert.line, lines)
end

return M
