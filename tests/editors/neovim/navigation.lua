-- Runs inside Neovim with --headless: two projects of different languages without another server, where Neovim's own
-- commands show what the command line shows; then another server beside ours.
local harness = dofile(os.getenv("EDITOR_TESTS") .. "/neovim/harness.lua")
local wait, equal, test = harness.wait, harness.equal, harness.test
local tests_folder = os.getenv("EDITOR_TESTS")
local projects = os.getenv("HOME") .. "/projects"

vim.fn.system({ "cp", "-r", tests_folder .. "/projects", projects })
for _, name in ipairs({ "ledger", "queue" }) do
  vim.fn.mkdir(projects .. "/" .. name .. "/.git")
end

local codanna = require("codanna")
local client = require("codanna.client")
local hits = require("codanna.hits")
codanna.setup({ picker = "select" })

local function ready(name)
  for _, folder in ipairs(require("codanna.status").folders()) do
    if folder.uri == vim.uri_from_fname(projects .. "/" .. name) then
      return folder.state == "ready" and (folder.symbols or 0) > 0
    end
  end
  return false
end

---Each edge of the command line as `path:line`, and the definition.
local function command_line(project, ...)
  local made = vim.fn.system({ "sh", "-c", 'cd "$1" && shift && exec "$@" --json', "sh", projects .. "/" .. project, os.getenv("SERVER"), ... })
  local answer = vim.fn.json_decode(made)
  local edges = {}
  for _, edge in ipairs(answer.edges) do
    table.insert(edges, ("%s:%d:%d"):format(edge.path, edge.range.start.line + 1, edge.range.start.character + 1))
  end
  table.sort(edges)
  local target = answer.targets[1]
  return edges, ("%s:%d:%d"):format(target.path, target.selectionRange.start.line + 1, target.selectionRange.start.character + 1)
end

---Edit a file and wait for our client; a file that is read again loses it for a moment.
local function edit(path)
  vim.cmd("edit " .. vim.fn.fnameescape(path))
  wait("the client", function()
    for _, one in ipairs(client.all()) do
      if one.initialized == true and vim.lsp.buf_is_attached(0, one.id) then
        return true
      end
    end
  end)
end

local function open(project, file, pattern)
  vim.cmd("cd " .. vim.fn.fnameescape(projects .. "/" .. project))
  edit(projects .. "/" .. project .. "/" .. file)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  assert(vim.fn.search(pattern, "c") > 0, pattern)
end

local function lists()
  local found = {}
  for _, item in ipairs(vim.fn.getqflist()) do
    local path = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(item.bufnr), ":.")
    table.insert(found, ("%s:%d:%d"):format(path, item.lnum, item.col))
  end
  table.sort(found)
  return found
end

---What a command of Neovim puts into the quickfix list.
local function quickfix(run)
  vim.fn.setqflist({})
  run()
  wait("the list", function()
    return #vim.fn.getqflist() > 0
  end)
  vim.cmd("cclose")
  return lists()
end

local function here()
  local at = vim.api.nvim_win_get_cursor(0)
  return ("%s:%d:%d"):format(vim.fn.expand("%:."), at[1], at[2] + 1)
end

local NAMES = {
  { "ledger", "ledger/account.py", "def \\zsbalance", "balance" },
  { "ledger", "ledger/account.py", "class \\zsPayment", "Payment" },
  { "queue", "src/lib.rs", "fn \\zsdrain", "drain" },
  { "queue", "src/lib.rs", "fn \\zsprint_once", "print_once" },
}

for _, one in ipairs(NAMES) do
  local project, file, pattern, name = one[1], one[2], one[3], one[4]
  test("definition, references and calls of " .. name .. " are those of the command line", function()
    open(project, file, pattern)
    wait("the index", function()
      return ready(project)
    end)
    local uses, definition = command_line(project, "refs", name)
    equal(here(), definition)
    equal(quickfix(function()
      vim.lsp.buf.references({ includeDeclaration = false })
    end), uses)
    open(project, file, pattern)
    equal(quickfix(vim.lsp.buf.incoming_calls), (command_line(project, "callers", name)))
    local path, line, column = uses[#uses]:match("^(.*):(%d+):(%d+)$")
    edit(path)
    vim.api.nvim_win_set_cursor(0, { tonumber(line), tonumber(column) - 1 })
    vim.lsp.buf.definition()
    wait("the definition", function()
      return here() == definition
    end)
  end)
end

test("calls that a definition makes, what implements it, and its hover", function()
  open("ledger", "ledger/report.py", "def \\zssample")
  equal(#quickfix(vim.lsp.buf.outgoing_calls), 5)
  open("ledger", "ledger/account.py", "class \\zsEntry")
  vim.lsp.buf.implementation()
  wait("the subtype", function()
    return here() == "ledger/account.py:12:7"
  end)
  open("ledger", "ledger/account.py", "def \\zsbalance")
  vim.lsp.buf.hover()
  local text = ""
  wait("the hover", function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        text = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), "\n")
        vim.api.nvim_win_close(window, true)
        return true
      end
    end
  end)
  assert(text:find("def balance", 1, true) and text:find("2 callers", 1, true), text)
end)

test(":Codanna callers and impact fill pickers and the quickfix list, with how sure they are", function()
  local listed
  vim.ui.select = function(list)
    listed = list
  end
  open("ledger", "ledger/account.py", "def \\zsbalance")
  vim.cmd("Codanna callers")
  wait("the callers", function()
    return listed ~= nil
  end)
  equal({ #listed, listed[1].name, listed[1].tier, listed[2].name }, { 2, "describe", "certain", "total" })
  vim.cmd("Codanna quickfix")
  local items = vim.fn.getqflist()
  assert(items[1].text:find("function describe certain call: member of Account", 1, true), items[1].text)
  vim.cmd("cclose")
  listed = nil
  open("ledger", "ledger/account.py", "def \\zsbalance")
  vim.cmd("Codanna impact")
  wait("the impact", function()
    return listed ~= nil
  end)
  assert(#listed > 2, #listed)
  listed = nil
  vim.cmd("enew")
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { "--- a/ledger/account.py", "+++ b/ledger/account.py", "@@ -33 +33 @@", "-x", "+y" })
  vim.bo.filetype = "diff"
  vim.cmd("Codanna impact")
  wait("the impact of the diff", function()
    return listed ~= nil
  end)
  equal(hits.last_title, "Codanna: impact of the diff")
  vim.cmd("bwipeout!")
end)

test("beside another server nothing appears twice", function()
  open("ledger", "ledger/account.py", "def \\zsbalance")
  local buffer = vim.api.nvim_get_current_buf()
  local other = { name = "other", cmd = { os.getenv("PYTHON"), tests_folder .. "/neovim/other_server.py" }, root_dir = projects }
  local id = vim.fn.has("nvim-0.11") == 1 and vim.lsp.start(other, { attach = false }) or vim.lsp.start_client(other)
  vim.lsp.buf_attach_client(buffer, id)
  wait("the other server", function()
    local started = vim.lsp.get_client_by_id(id)
    return started and started.initialized == true and vim.lsp.buf_is_attached(buffer, id)
  end)
  for _, method in ipairs({ "definition", "references", "hover", "documentHighlight", "prepareCallHierarchy" }) do
    local params = vim.lsp.util.make_position_params(0, "utf-16")
    params.context = { includeDeclaration = true }
    local answers
    vim.lsp.buf_request_all(buffer, "textDocument/" .. method, params, function(results)
      answers = results
    end)
    wait(method, function()
      return answers ~= nil
    end)
    equal({ method, vim.tbl_keys(answers) }, { method, { id } })
  end
  -- Another file that it is not attached to is still ours, and so is the search.
  open("ledger", "ledger/report.py", "describe(\\zssample")
  local answers
  vim.lsp.buf_request_all(0, "textDocument/definition", vim.lsp.util.make_position_params(0, "utf-16"), function(results)
    answers = results
  end)
  wait("our answer", function()
    return answers ~= nil
  end)
  equal(#vim.tbl_keys(answers), 1)
  if vim.fn.has("nvim-0.11") == 1 then
    vim.lsp.get_client_by_id(id):stop()
  else
    vim.lsp.get_client_by_id(id).stop()
  end
end)

harness.finish()
