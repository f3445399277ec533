---Results in Telescope.
local config = require("codanna.config")
local hits = require("codanna.hits")
local sources = require("codanna.source")

local M = {}

local function entry(hit)
  return {
    value = hit,
    ordinal = hits.line(hit),
    display = hits.line(hit),
    filename = hit.filename,
    lnum = hit.lnum,
    col = hits.column(hit),
  }
end

---A finder of our own: those of Telescope wait for an answer before they look at the next question, but this
---one cancels the question under way.
local function finder(source)
  local cancel = function() end
  return setmetatable({
    close = function()
      cancel()
    end,
  }, {
    __call = function(_, prompt, process, complete)
      cancel()
      if vim.trim(prompt) == "" then
        return complete()
      end
      cancel = source.ask(prompt, function(err, list, problems)
        sources.tell(err, problems)
        for index, hit in ipairs(list) do
          local made = entry(hit)
          made.index = index
          if process(made) then
            break
          end
        end
        complete()
      end)
    end,
  })
end

---@param source codanna.Source
---@param query string
function M.show(source, query)
  local settings = require("telescope.config").values

  local function open(found, sorter)
    require("telescope.pickers")
      .new({}, {
        prompt_title = source.title,
        default_text = query,
        debounce = config.options.debounce_ms,
        finder = found,
        sorter = sorter,
        previewer = settings.grep_previewer({}),
      })
      :find()
  end

  if source.live then
    -- The server has ranked the answers already.
    open(finder(source), require("telescope.sorters").empty())
    return
  end
  source.ask("", function(err, list, problems)
    sources.tell(err, problems)
    if not err then
      local found = require("telescope.finders").new_table({ results = list, entry_maker = entry })
      open(found, settings.generic_sorter({}))
    end
  end)
end

return M
