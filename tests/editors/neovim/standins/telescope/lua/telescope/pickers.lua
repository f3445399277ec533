local M = {}

function M.new(_, spec)
  local round, entries = 0, {}
  local function run(prompt)
    round = round + 1
    local mine, found = round, {}
    spec.finder(prompt, function(entry)
      if mine ~= round then
        return true -- Nobody waits for this answer any more.
      end
      table.insert(found, entry)
    end, function()
      if mine == round then
        entries = found
      end
    end)
  end
  return {
    find = function()
      require("standin").opened({
        type = run,
        lines = function()
          return vim.tbl_map(function(entry)
            return entry.display
          end, entries)
        end,
        preview = function()
          return spec.previewer(entries[1])
        end,
        choose = function()
          vim.cmd("edit " .. vim.fn.fnameescape(entries[1].filename))
          vim.api.nvim_win_set_cursor(0, { entries[1].lnum, entries[1].col - 1 })
        end,
        close = function()
          spec.finder:close()
        end,
      })
      run(spec.default_text or "")
    end,
  }
end

return M
