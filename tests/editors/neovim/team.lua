-- Results of a team's index inside Neovim, from a server with one behind it whose rows try to act.
local harness = dofile(os.getenv("EDITOR_TESTS") .. "/neovim/harness.lua")
local wait, equal, test = harness.wait, harness.equal, harness.test
local LINK = "https://git.example.com/{repository}/blob/{branch}/{path}#L{line}"
local AT = "https://git.example.com/team/there/blob/main/relay/src/router.ts#L2"

vim.cmd("cd " .. vim.fn.fnameescape(os.getenv("WORKSPACE")))
local codanna = require("codanna")
local client = require("codanna.client")
local hits = require("codanna.hits")
local source = require("codanna.source")

local function acts(text)
  return text:find("[%z\1-\8\10-\31\127]") or text:find("\226\128[\142\143\168-\174]")
end

local function answered(from, query)
  local found
  from.ask(query, function(err, list, problems)
    found = { err = err, hits = list, problems = problems }
  end)
  wait("an answer", function()
    return found
  end)
  equal(found.err, nil)
  return found
end

local function elsewhere(list)
  return vim.tbl_filter(function(hit)
    return hit.url ~= nil
  end, list)
end

---What the browser would be asked to open.
local function opened(hit)
  local urls = {}
  local original = vim.ui.open
  vim.ui.open = function(url)
    table.insert(urls, url)
  end
  hits.open(hit)
  vim.ui.open = original
  return urls
end

test("the server starts with a team behind it", function()
  codanna.setup({
    cmd = { os.getenv("SERVER"), "serve" },
    settings = { team = { url = "https://search.example.com", deadline_ms = 10000, link = LINK } },
  })
  vim.cmd("edit web/session.ts")
  wait("ready", function()
    local folders = require("codanna.status").folders()
    return #client.all() == 1 and #folders > 0 and folders[1].state == "ready" and (folders[1].symbols or 0) > 0
  end)
  -- A setting that is refused would leave its default, which a fast machine meets as well.
  equal(require("codanna.status").folders()[1].problems or {}, {})
end)

test("a search lists the team's results with their repository, inert, and those outside of it not at all", function()
  local found = answered(source.search(), "route a message to its handler")
  local far = elsewhere(found.hits)
  assert(#far > 0, vim.inspect(found))
  for _, hit in ipairs(far) do
    assert(vim.startswith(hit.path, "[team/there] relay/"), hit.path)
    assert(not hit.path:find("..", 1, true) and not hit.filename:find("..", 1, true), hit.path)
    for _, text in ipairs({ hits.line(hit), hits.label(hit), hit.signature, hit.text, hit.filename }) do
      assert(not acts(text), vim.inspect(text))
    end
  end
  assert(table.concat(found.problems, "\n"):find("are not valid and are left out", 1, true), vim.inspect(found.problems))
end)

test("the symbol picker has the team's names, and opens them by the link in the browser", function()
  local far = elsewhere(answered(source.symbols(), "MessageRouter").hits)
  equal(far[1].name, "MessageRouter")
  equal(far[1].path, "[team/there] relay/src/router.ts")
  if vim.ui.open then
    equal(opened(far[1]), { AT })
  end
end)

test("in other lists a result of the team shows what came with it, and no file here", function()
  local far = elsewhere(answered(source.search(), "MessageRouter").hits)
  vim.cmd("edit " .. vim.fn.fnameescape(far[1].filename))
  local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  assert(lines[1]:find("team/there, relay/src/router.ts", 1, true), lines[1])
  assert(vim.startswith(lines[2], "https://git.example.com/team/there/"), lines[2])
  for _, line in ipairs(lines) do
    assert(not acts(line), vim.inspect(line))
  end
  equal(vim.bo.modifiable, false)
  vim.cmd("bwipeout!")
  vim.cmd("Codanna quickfix")
  for _, item in ipairs(vim.fn.getqflist()) do
    local name = vim.fn.bufname(item.bufnr)
    assert(not name:find("team/there", 1, true), name)
  end
  vim.cmd("cclose")
end)

harness.finish()
