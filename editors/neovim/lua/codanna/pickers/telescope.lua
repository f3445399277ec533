---Results in Telescope.
local client = require("codanna.client")
local config = require("codanna.config")
local hits = require("codanna.hits")

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

---A question that Telescope waits for inside of its own coroutine; the one before it is cancelled.
local function asker(source)
  local channel = require("plenary.async.control").channel
  local cancel = function() end
  return function(prompt)
    cancel()
    if source.live and vim.trim(prompt) == "" then
      return {}
    end
    local send, receive = channel.oneshot()
    cancel = source.ask(prompt, function(err, list)
      if err then
        client.say(err, vim.log.levels.ERROR)
      end
      send(list)
    end)
    return receive()
  end
end

---@param source codanna.Source
---@param query string
function M.show(source, query)
  local settings = require("telescope.config").values
  local finders = require("telescope.finders")
  local sorters = require("telescope.sorters")

  local function open(finder, sorter)
    require("telescope.pickers")
      .new({}, {
        prompt_title = source.title,
        default_text = query,
        debounce = config.options.debounce_ms,
        finder = finder,
        sorter = sorter,
        previewer = settings.grep_previewer({}),
      })
      :find()
  end

  if source.live then
    -- The server has ranked the answers already.
    open(finders.new_dynamic({ fn = asker(source), entry_maker = entry }), sorters.empty())
    return
  end
  source.ask("", function(err, list)
    if err then
      client.say(err, vim.log.levels.ERROR)
      return
    end
    open(finders.new_table({ results = list, entry_maker = entry }), settings.generic_sorter({}))
  end)
end

return M
