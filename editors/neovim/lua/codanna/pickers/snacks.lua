---Results in the picker of snacks.
local hits = require("codanna.hits")
local sources = require("codanna.source")

local M = {}

local function item(hit)
  return { text = hits.line(hit), file = hit.filename, pos = { hit.lnum, hits.column(hit) - 1 }, hit = hit }
end

local function format(shown)
  local hit = shown.hit
  return {
    { ("%-9s "):format(hit.kind), "SnacksPickerSpecial" },
    { hits.label(hit) },
    { "  " },
    { ("%s:%d"):format(hit.path, hit.lnum), "SnacksPickerDir" },
  }
end

---@param source codanna.Source
---@param query string
function M.show(source, query)
  require("snacks.picker").pick({
    title = source.title,
    live = source.live,
    supports_live = source.live,
    search = source.live and query or nil,
    format = format,
    preview = "file",
    -- The server has ranked the answers already.
    sort = { fields = { "idx" } },
    matcher = { sort_empty = false },
    finder = function(_, context)
      local text = source.live and vim.trim(context.filter.search) or ""
      if source.live and text == "" then
        return {}
      end
      return function(add)
        local async = context.async
        local answered, aborted = false, false
        local cancel = function() end
        -- Finders run where most of the API is forbidden.
        vim.schedule(function()
          if aborted then
            return
          end
          cancel = source.ask(text, function(err, list, problems)
            sources.tell(err, problems)
            for _, hit in ipairs(list) do
              add(item(hit))
            end
            answered = true
            async:resume()
          end)
        end)
        async:on("abort", vim.schedule_wrap(function()
          aborted = true
          cancel()
        end))
        while not answered do
          async:suspend()
        end
      end
    end,
  })
end

return M
