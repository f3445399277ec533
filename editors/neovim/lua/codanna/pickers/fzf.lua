---Results in fzf-lua.
local hits = require("codanna.hits")
local inert = require("codanna.inert")
local sources = require("codanna.source")

local M = {}

local function line(hit)
  -- fzf obeys colours in its lines, and a line break would begin the next one.
  local path = inert.line(vim.fn.fnamemodify(hit.filename, ":."))
  return ("%s:%d:%d: %s %s"):format(path, hit.lnum, hits.column(hit), hit.kind, hits.label(hit))
end

---@param source codanna.Source
---@param query string
function M.show(source, query)
  local fzf = require("fzf-lua")
  local stop = function() end
  local function contents(args)
    -- Newer versions hand over the arguments of fzf, older ones the question itself.
    local text = type(args) == "table" and args[1] or args
    return function(write)
      stop()
      if source.live and vim.trim(text or "") == "" then
        return write(nil)
      end
      local ended = false
      local function finish()
        if not ended then
          ended = true
          write(nil)
        end
      end
      local cancel = source.ask(text or "", function(err, list, problems)
        sources.tell(err, problems)
        for _, hit in ipairs(list) do
          write(line(hit))
        end
        finish()
      end)
      -- What reads the lines of a question waits for their end, though nobody wants them any more.
      stop = function()
        cancel()
        finish()
      end
    end
  end

  local options = {
    prompt = source.title .. "> ",
    query = query,
    previewer = "builtin",
    actions = require("fzf-lua.config").globals.actions.files,
    fzf_opts = { ["--delimiter"] = ":", ["--no-sort"] = true },
  }
  if source.live then
    fzf.fzf_live(contents, vim.tbl_extend("force", options, { exec_empty_query = false }))
  else
    fzf.fzf_exec(contents(""), options)
  end
end

return M
