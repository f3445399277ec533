---Results through vim.ui.select, which other plug-ins may have replaced. Asks once, for it cannot search live.
local client = require("codanna.client")
local hits = require("codanna.hits")
local sources = require("codanna.source")

local M = {}

local function ask(source, query)
  source.ask(query, function(err, list, problems)
    sources.tell(err, problems)
    if #list == 0 then
      if not err then
        client.say("nothing was found")
      end
      return
    end
    local title = query ~= "" and source.title .. ": " .. query or source.title
    vim.ui.select(list, { prompt = title, format_item = hits.line, kind = "codanna" }, function(hit)
      if hit then
        hits.open(hit)
      end
    end)
  end)
end

---@param source codanna.Source
---@param query string
function M.show(source, query)
  if query ~= "" or not source.live then
    return ask(source, query)
  end
  vim.ui.input({ prompt = source.title .. ": " }, function(text)
    if text and vim.trim(text) ~= "" then
      ask(source, text)
    end
  end)
end

return M
