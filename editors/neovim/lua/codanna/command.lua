---`:Codanna …`
local M = {}

local function api()
  return require("codanna")
end

---@type table<string, fun(rest: string, args: table)>
local commands = {
  search = function(rest)
    api().search(rest)
  end,
  symbols = function(rest)
    api().symbols(rest)
  end,
  similar = function(_, args)
    api().similar(args.range > 0 and { first = args.line1, last = args.line2 } or nil)
  end,
  callers = function()
    api().callers()
  end,
  impact = function()
    api().impact()
  end,
  quickfix = function()
    api().quickfix()
  end,
  loclist = function()
    api().loclist()
  end,
  status = function()
    api().status()
  end,
  reindex = function()
    api().reindex()
  end,
  log = function()
    api().log()
  end,
  restart = function()
    api().restart()
  end,
}

local FILTERS = { "kind:", "lang:", "path:", "in:" }

---@param args table As Neovim hands it to a user command.
function M.run(args)
  if args.args == "" then
    -- Lines ask for code like them, and nothing at all for the picker.
    return commands[args.range > 0 and "similar" or "search"]("", args)
  end
  local name, rest = args.args:match("^(%S+)%s*(.*)$")
  local command = commands[name]
  if not command then
    local names = vim.tbl_keys(commands)
    table.sort(names)
    require("codanna.client").say(
      ("unknown command `%s`; there are %s"):format(name, table.concat(names, ", ")),
      vim.log.levels.ERROR
    )
    return
  end
  command(rest, args)
end

---@param line string The command line so far.
---@return string[]
function M.complete(line)
  local name, rest = line:match("Codanna%s+(%S+)%s+(.*)$")
  local candidates, start
  if name then
    if name ~= "search" then
      return {}
    end
    candidates, start = FILTERS, rest:match("%S*$")
  else
    candidates, start = vim.tbl_keys(commands), line:match("Codanna%s+(%S*)$") or ""
  end
  table.sort(candidates)
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, start)
  end, candidates)
end

return M
