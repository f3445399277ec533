---A stand-in for the picker of snacks, which no package registry of the tests has: as much of its API as a finder
---sees. The tests drive it through `require("standin")`.
local M = {}

---A task in a coroutine that can be suspended, resumed and aborted.
local function task(run)
  local self = { handlers = {}, suspended = false, aborted = false }
  function self:on(event, handler)
    self.handlers[event] = handler
  end
  function self:suspend()
    self.suspended = true
    if coroutine.yield() == "abort" then
      error("aborted", 0)
    end
  end
  function self:resume()
    if self.suspended then
      self.suspended = false
      self:step()
    end
  end
  function self:step()
    local ok, err = coroutine.resume(self.coroutine, self.aborted and "abort" or nil)
    if not ok and self.aborted and self.handlers.abort then
      self.handlers.abort()
    elseif not ok then
      error(err)
    end
  end
  function self:abort()
    if self.suspended then
      self.aborted = true
      self:resume()
    end
  end
  self.coroutine = coroutine.create(function()
    run(self)
  end)
  return self
end

function M.pick(options)
  local items, current = {}, nil
  local function run(text)
    if current then
      current:abort()
    end
    items = {}
    local mine = {}
    local context = { filter = { search = text } }
    local found = options.finder(options, context)
    if type(found) == "table" then
      items, current = found, nil
      return
    end
    items = mine
    current = task(function(async)
      context.async = async
      found(function(item)
        table.insert(mine, item)
      end)
    end)
    current:step()
  end
  require("standin").opened({
    type = run,
    lines = function()
      return vim.tbl_map(function(item)
        local chunks = vim.tbl_map(function(chunk)
          return chunk[1]
        end, options.format(item))
        return table.concat(chunks)
      end, items)
    end,
    preview = function()
      assert(options.preview == "file", "no preview")
      return { items[1].file, items[1].pos[1] }
    end,
    choose = function()
      vim.cmd("edit " .. vim.fn.fnameescape(items[1].file))
      vim.api.nvim_win_set_cursor(0, items[1].pos)
    end,
    close = function()
      if current then
        current:abort()
      end
    end,
  })
  run(options.search or "")
end

return M
