-- What every test inside Neovim needs: to wait, to compare, to run one claim after the other and to end with a verdict.
local M = { notes = {} }
local passed, failed = 0, 0

vim.opt.columns = 120
vim.opt.lines = 40
vim.notify = function(message, level)
  table.insert(M.notes, { message = message, level = level })
end

local function said()
  return table.concat(vim.tbl_map(function(note)
    return note.message
  end, M.notes), "; ")
end

-- What was said until now; the table stays the same one.
function M.forget()
  for number = #M.notes, 1, -1 do
    M.notes[number] = nil
  end
end

function M.wait(what, condition, milliseconds)
  if not vim.wait(milliseconds or 60000, condition, 10) then
    error(("timed out: %s; said: %s"):format(what, said()), 2)
  end
end

function M.equal(actual, expected)
  if not vim.deep_equal(actual, expected) then
    error(("expected %s, got %s"):format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

function M.test(claim, body)
  local start = vim.loop.hrtime()
  local ok, err = xpcall(body, debug.traceback)
  passed, failed = passed + (ok and 1 or 0), failed + (ok and 0 or 1)
  io.stdout:write(("%s - %s (%.0f ms)%s\n"):format(
    ok and "ok" or "not ok",
    claim,
    (vim.loop.hrtime() - start) / 1e6,
    ok and "" or "\n" .. err
  ))
end

function M.finish()
  io.stdout:write(("%d passed, %d failed\n"):format(passed, failed))
  io.stdout:flush()
  vim.cmd(failed == 0 and "qall!" or "cquit 1")
end

return M
