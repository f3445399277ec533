---A stand-in for fzf-lua, which no package registry of the tests has: as much of its API as contents see.
---The tests drive it through `require("standin")`.
local M = {}

local function open(produce, options)
  local lines, round, reading = {}, 0, {}
  local function run(query)
    round = round + 1
    local mine, found = round, {}
    reading[mine] = true
    -- A process of fzf's own reads what is written, until nil ends it.
    produce(query)(function(line)
      if line == nil then
        reading[mine] = nil
      end
      if mine ~= round then
        return
      elseif line == nil then
        lines = found
      else
        table.insert(found, line)
      end
    end)
    for other in pairs(reading) do
      assert(other == mine, "the reader of an earlier question waits for ever")
    end
  end
  require("standin").opened({
    type = run,
    lines = function()
      return lines
    end,
    preview = function()
      assert(options.previewer == "builtin", "no previewer")
      local path, line = lines[1]:match("^(.-):(%d+):%d+: ")
      return { vim.fn.fnamemodify(path, ":p"), tonumber(line) }
    end,
    choose = function()
      options.actions.enter({ lines[1] })
    end,
    close = function() end,
  })
  return run
end

---Newer versions hand over a list of arguments, older ones the question; the tests try both.
M.hands_over_a_list = true

function M.fzf_live(contents, options)
  local run = open(function(query)
    return contents(M.hands_over_a_list and { query } or query, options)
  end, options)
  if options.query ~= "" or options.exec_empty_query ~= false then
    run(options.query)
  end
end

function M.fzf_exec(contents, options)
  open(function()
    return contents
  end, options)("")
end

return M
