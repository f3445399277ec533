---Which picker shows results.
local client = require("codanna.client")
local config = require("codanna.config")

local M = {}

---Pickers of other plug-ins by the module that shows they are there, in the order of choice.
local KNOWN = {
  { name = "snacks", module = "snacks.picker" },
  { name = "telescope", module = "telescope" },
  { name = "fzf", module = "fzf-lua" },
  { name = "mini", module = "mini.pick" },
}

---@return string
function M.name()
  local wanted = config.options.picker
  if wanted ~= "auto" then
    return wanted
  end
  for _, known in ipairs(KNOWN) do
    -- Looking for the file loads nothing of a plug-in that its owner wants to load late.
    local file = "lua/" .. known.module:gsub("%.", "/")
    if package.loaded[known.module]
      or #vim.api.nvim_get_runtime_file(file .. ".lua", false) > 0
      or #vim.api.nvim_get_runtime_file(file .. "/init.lua", false) > 0
    then
      return known.name
    end
  end
  return "builtin"
end

---Ask the source and show what it finds.
---@param source codanna.Source
---@param query string
function M.show(source, query)
  if not client.get() then
    return -- The reason was shown.
  end
  local name = M.name()
  local ok, picker = pcall(require, "codanna.pickers." .. name)
  if not ok then
    client.say(("picker `%s` cannot be used: %s"):format(name, picker), vim.log.levels.ERROR)
    picker = require("codanna.pickers.builtin")
  end
  picker.show(source, query)
end

return M
