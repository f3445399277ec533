---Results in mini.pick.
local hits = require("codanna.hits")
local sources = require("codanna.source")

local M = {}

local function item(hit)
  return { text = hits.line(hit), path = hit.filename, lnum = hit.lnum, col = hits.column(hit), hit = hit }
end

---@param source codanna.Source
---@param query string
function M.show(source, query)
  local pick = require("mini.pick")
  local live = sources.live(source, function(err, list, problems)
    sources.tell(err, problems)
    if pick.is_picker_active() then
      -- The server has ranked the answers already.
      pick.set_picker_items(vim.tbl_map(item, list), { do_match = false })
    end
  end)

  local options = { source = { name = source.title, items = {} } }
  if source.live then
    options.source.match = function(_, _, typed)
      live:query(table.concat(typed))
    end
  end
  if query ~= "" or not source.live then
    vim.api.nvim_create_autocmd("User", {
      pattern = "MiniPickStart",
      once = true,
      callback = function()
        if source.live then
          pick.set_picker_query(vim.fn.split(query, "\\zs"))
        else
          source.ask("", function(err, list, problems)
            sources.tell(err, problems)
            if pick.is_picker_active() then
              pick.set_picker_items(vim.tbl_map(item, list))
            end
          end)
        end
      end,
    })
  end
  pick.start(options)
  live:stop()
end

return M
