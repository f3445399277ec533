---A stand-in for mini.pick, which no package registry of the tests has: as much of its API as a source sees.
---The tests drive it through `require("standin")`. Like the real one, `start` returns only when the picker closes.
local M = {}

local active

function M.is_picker_active()
  return active ~= nil
end

local function match()
  local indices = {}
  for index = 1, #active.items do
    indices[index] = index
  end
  local texts = vim.tbl_map(function(item)
    return item.text
  end, active.items)
  active.source.match(texts, indices, active.query)
end

function M.set_picker_items(items, options)
  active.items = items
  if not options or options.do_match ~= false then
    match()
  end
end

function M.set_picker_query(query)
  active.query = query
  match()
end

function M.start(options)
  active = { items = options.source.items, query = {}, source = options.source }
  active.source.match = active.source.match or function() end
  vim.schedule(function()
    vim.api.nvim_exec_autocmds("User", { pattern = "MiniPickStart" })
  end)
  require("standin").opened({
    type = function(text)
      M.set_picker_query(vim.fn.split(text, "\\zs"))
    end,
    lines = function()
      return vim.tbl_map(function(item)
        return item.text
      end, active.items)
    end,
    preview = function()
      return { active.items[1].path, active.items[1].lnum }
    end,
    choose = function()
      vim.cmd("edit " .. vim.fn.fnameescape(active.items[1].path))
      vim.api.nvim_win_set_cursor(0, { active.items[1].lnum, active.items[1].col - 1 })
    end,
    close = function() end,
  })
  active = nil
end

return M
