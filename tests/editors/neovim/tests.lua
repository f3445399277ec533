-- Runs inside Neovim with --headless; each test drives the plug-in as a user does and ends the process with its verdict.
local harness = dofile(os.getenv("EDITOR_TESTS") .. "/neovim/harness.lua")
local notes, wait, equal, test = harness.notes, harness.wait, harness.equal, harness.test
local workspace = os.getenv("WORKSPACE")

local function noted(pattern)
  for _, note in ipairs(notes) do
    if note.message:find(pattern) then
      return true
    end
  end
  return false
end

local function press(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), "tx!", false)
end

local function at()
  return vim.fn.fnamemodify(vim.api.nvim_buf_get_name(0), ":t") .. ":" .. vim.api.nvim_win_get_cursor(0)[1]
end

---What the title of the list says; before Neovim 0.9 the end of the first row says it.
local function title_of(picker)
  if vim.fn.has("nvim-0.9") == 1 then
    local title = vim.api.nvim_win_get_config(picker.windows.list).title
    return title and vim.trim(title[1][1]) or ""
  end
  local namespace = vim.api.nvim_get_namespaces().codanna_titles
  local buffer = picker.buffers.prompt or picker.buffers.list
  local mark = vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true })[1]
  return mark and (mark[4].virt_text[1][1]:gsub("^.* · ", "")) or ""
end

---A source that answers when the test says so.
local function puppet(live, title)
  local self = { asked = {} }
  self.source = {
    title = title or "Puppet",
    live = live,
    ask = function(query, callback)
      table.insert(self.asked, query)
      self.answer = callback
      return function() end
    end,
  }
  return self
end

local function a_hit(name, container, path)
  return {
    name = name,
    kind = "method",
    container = container,
    path = path,
    uri = "file:///nowhere/" .. path,
    filename = "/nowhere/" .. path,
    lnum = 7,
    end_lnum = 9,
    character = 0,
    encoding = "utf-16",
    signature = "def\t" .. name .. "(\n  self)" .. ("x"):rep(300),
    text = "",
  }
end

local function ready(id)
  local folders = require("codanna.status").folders()
  return #folders > 0 and folders[1].state == "ready" and (folders[1].symbols or 0) > 0
end

vim.cmd("cd " .. vim.fn.fnameescape(workspace))
local codanna = require("codanna")
local client = require("codanna.client")
local builtin = require("codanna.pickers.builtin")

local function only_client()
  local all = client.all()
  equal(#all, 1)
  return all[1]
end

test("a wrong option is named with the place to read about it", function()
  local ok, err = pcall(codanna.setup, { picker = 3 })
  equal(ok, false)
  assert(err:find("`picker` must be a string"), err)
  ok, err = pcall(codanna.setup, { pickers = "select" })
  assert(not ok and err:find("unknown option `pickers`"), err)
end)

test("setup brings the command along, also where a plug-in manager has not loaded `plugin/`", function()
  vim.api.nvim_del_user_command("Codanna")
  vim.g.loaded_codanna = nil
  codanna.setup({})
  equal(vim.fn.exists(":Codanna"), 2)
end)

test("a missing server gets one clear message, however many files are opened", function()
  codanna.setup({ cmd = { "no-such-server-anywhere", "serve" } })
  if vim.fn.has("nvim-0.11") == 0 then
    vim.cmd("edit config/settings.py")
    vim.cmd("edit web/session.ts")
    equal(#notes, 1)
  end
  harness.forget()
  codanna.search("anything")
  equal(#notes, 1)
  equal(builtin.current, nil)
  assert(notes[1].message:find("`no-such-server-anywhere` was not found. Install it", 1, true), notes[1].message)
  harness.forget()
end)

test("a stray file starts no server, and its folder is not indexed", function()
  local stray = vim.fn.tempname() .. ".py"
  vim.fn.writefile({ "x = 1" }, stray)
  equal(require("codanna.config").root(stray), nil)
  local home = vim.loop.os_homedir()
  vim.cmd("cd " .. vim.fn.fnameescape(home))
  equal(require("codanna.config").root(home .. "/.profile"), nil)
  vim.cmd("cd " .. vim.fn.fnameescape(workspace))
end)

test("opening a file starts the server, and the index becomes ready", function()
  vim.cmd("silent! %bwipeout!")
  codanna.setup({ cmd = { os.getenv("SERVER"), "serve" } })
  vim.cmd("edit web/session.ts")
  wait("attached", function()
    return #client.all() == 1 and vim.lsp.buf_is_attached(0, client.all()[1].id)
  end)
  wait("ready", ready)
  equal(vim.loop.fs_realpath(only_client().config.root_dir), vim.loop.fs_realpath(workspace))
end)

test("a second file of the workspace shares the server", function()
  vim.cmd("edit config/settings.py")
  wait("attached", function()
    return vim.lsp.buf_is_attached(0, only_client().id)
  end)
end)

test(":Codanna search with a question opens the best hit through vim.ui.select", function()
  require("codanna.config").options.picker = "select"
  local labels
  vim.ui.select = function(items, options, choose)
    labels = vim.tbl_map(options.format_item, items)
    choose(items[1])
  end
  vim.cmd("Codanna search retry failed uploads")
  wait("the file", function()
    return labels and at() == "transfer.py:31"
  end)
  assert(labels[1]:find("Transfer._send_with_backoff"), labels[1])
  assert(labels[1]:find("uploads/transfer.py:31", 1, true), labels[1])
  equal(vim.api.nvim_win_get_cursor(0)[2], 8)
end)

test("an empty answer says so", function()
  harness.forget()
  vim.cmd("Codanna symbols zzqqzzqq")
  wait("the note", function()
    return noted("nothing was found")
  end)
end)

test("the question is asked for when none is given", function()
  local prompt
  vim.ui.input = function(options, done)
    prompt = options.prompt
    done("drop expired sessions")
  end
  vim.cmd("Codanna search")
  wait("the file", function()
    return at() == "session.ts:19"
  end)
  equal(prompt, "Search by meaning: ")
end)

test(":Codanna symbols finds a definition by the humps of its name", function()
  vim.cmd("Codanna symbols readset")
  wait("the file", function()
    return at() == "settings.py:18"
  end)
end)

test(":Codanna similar compares the definition under the cursor, and leaves it out", function()
  local seen
  vim.ui.select = function(items, _, choose)
    seen = items
    choose(nil)
  end
  vim.cmd("Codanna similar")
  wait("results", function()
    return seen
  end)
  for _, hit in ipairs(seen) do
    assert(hit.name ~= "read_settings", "the origin is in its own results")
  end
end)

test("a selection can be compared", function()
  local asked
  local original = client.request
  client.request = function(method, params, ...)
    asked = { method = method, range = params.range }
    return original(method, params, ...)
  end
  vim.cmd("3,5Codanna similar")
  client.request = original
  equal(asked, {
    method = "codanna/findSimilar",
    range = { start = { line = 2, character = 0 }, ["end"] = { line = 5, character = 0 } },
  })
end)

test("the last results become a quickfix list and a location list", function()
  local done
  require("codanna.source").search().ask("retry failed uploads", function(err, list)
    done = err or list
  end)
  wait("results", function()
    return done
  end)
  vim.cmd("Codanna quickfix")
  local first = vim.fn.getqflist()[1]
  equal(vim.fn.fnamemodify(vim.fn.bufname(first.bufnr), ":t"), "transfer.py")
  equal({ first.lnum, first.col }, { 31, 9 })
  equal(vim.fn.getqflist({ title = 1 }).title, "Codanna: retry failed uploads")
  vim.cmd("cclose")
  vim.cmd("Codanna loclist")
  equal(#vim.fn.getloclist(0), #vim.fn.getqflist())
  vim.cmd("lclose")
end)

test("a late answer to an older question does not become the last results", function()
  local original, answers = client.request, {}
  client.request = function(_, params, callback)
    answers[params.query] = callback
  end
  for _, query in ipairs({ "older", "newer" }) do
    require("codanna.source").search().ask(query, function() end)
  end
  client.request = original
  for _, query in ipairs({ "newer", "older" }) do
    answers[query](nil, { hits = {}, problems = {} }, only_client())
  end
  equal(require("codanna.hits").last_title, "Codanna: newer")
end)

test("a live search sends one request for a burst of typing and cancels the one under way", function()
  local sources = require("codanna.source")
  local sent, cancelled, shown = {}, {}, {}
  local callbacks = {}
  local live = sources.live({
    title = "",
    live = true,
    ask = function(query, callback)
      table.insert(sent, query)
      callbacks[query] = callback
      return function()
        table.insert(cancelled, query)
      end
    end,
  }, function(_, _, _, query)
    table.insert(shown, query)
  end)
  live:query("re")
  live:query("ret")
  live:query("retry")
  wait("the first request", function()
    return #sent == 1
  end)
  live:query("retry failed")
  wait("the second request", function()
    return #sent == 2
  end)
  equal(sent, { "retry", "retry failed" })
  equal(cancelled, { "retry" })
  callbacks["retry"](nil, {}, {})
  callbacks["retry failed"](nil, {}, {})
  equal(shown, { "retry failed" })
  live:stop()
end)

test("a cancelled request is never answered to its caller", function()
  local answered = {}
  local cancel = client.request("codanna/semanticSearch", { query = "settings" }, function()
    table.insert(answered, "cancelled one")
  end)
  cancel()
  client.request("codanna/semanticSearch", { query = "session" }, function(err)
    table.insert(answered, err and err.message or "kept one")
  end)
  wait("the kept answer", function()
    return #answered > 0
  end)
  equal(answered, { "kept one" })
end)

test("the picker searches while one types, previews, and opens with the keyboard", function()
  require("codanna.config").options.picker = "builtin"
  vim.cmd("edit docs/guide.md")
  vim.cmd("Codanna search")
  local picker = builtin.current
  vim.api.nvim_buf_set_lines(picker.buffers.prompt, 0, -1, false, { "retry failed uploads" })
  picker:typed()
  wait("results", function()
    return #picker.hits > 0
  end)
  equal(picker.hits[1].name, "_send_with_backoff")
  local list = vim.api.nvim_buf_get_lines(picker.buffers.list, 0, 1, false)[1]
  assert(list:find("^ _send_with_backoff +Transfer +%S*transfer.py:31$"), list)
  equal(vim.api.nvim_win_get_cursor(picker.windows.preview)[1], 31)
  local shown = vim.api.nvim_buf_get_lines(picker.buffers.preview, 30, 31, false)[1]
  assert(shown:find("def _send_with_backoff"), shown)
  if #picker.hits > 1 then
    picker:move(1)
    equal(vim.api.nvim_win_get_cursor(picker.windows.preview)[1], picker.hits[2].lnum)
    picker:move(-1)
  end
  picker:choose("edit")
  equal(at(), "transfer.py:31")
  equal(builtin.current, nil)
  equal(#vim.api.nvim_list_wins(), 1)
end)

test("the picker opens beside, and closing it restores the window", function()
  vim.cmd("Codanna search read settings")
  local picker = builtin.current
  wait("results", function()
    return #picker.hits > 0
  end)
  picker:choose("vsplit")
  equal(#vim.api.nvim_list_wins(), 2)
  vim.cmd("only")
  local before = vim.api.nvim_get_current_win()
  vim.cmd("Codanna symbols")
  builtin.current:close()
  equal(vim.api.nvim_get_current_win(), before)
  equal(#vim.api.nvim_list_wins(), 1)
end)

test(":Codanna alone opens the picker, and lines are compared", function()
  vim.cmd("Codanna")
  assert(builtin.current and builtin.current.windows.prompt, "no picker")
  builtin.current:close()
  vim.cmd("edit config/settings.py")
  vim.cmd("18,20Codanna")
  assert(builtin.current and not builtin.current.windows.prompt, "not similar code")
  builtin.current:close()
end)

test("rows have the name first, then the container, then the file, and the container gives way first", function()
  local one = puppet(true)
  local picker = builtin.show(one.source, "anything")
  wait("the question", function()
    return #one.asked == 1
  end)
  local long = "a_rather_long_method_name"
  one.answer(nil, { a_hit("close", "Session", "src/net.py"), a_hit(long, "Pool", ("deep/"):rep(20) .. "pool.py") }, {})
  local lines = vim.api.nvim_buf_get_lines(picker.buffers.list, 0, -1, false)
  local width = vim.api.nvim_win_get_width(picker.windows.list)
  assert(lines[1]:find("^ close "), lines[1])
  assert(lines[1]:find("src/net.py:7$"), lines[1])
  assert(lines[2]:find("^ " .. long .. " "), lines[2])
  assert(lines[2]:find("pool.py:7$"), lines[2])
  for _, line in ipairs(lines) do
    assert(vim.fn.strdisplaywidth(line) <= width, line)
  end
  one.answer(nil, { a_hit("close", "Session", "src/net.py") }, {})
  assert(
    vim.api.nvim_buf_get_lines(picker.buffers.list, 0, 1, false)[1]:find("^ close +Session +src/net.py:7$"),
    vim.api.nvim_buf_get_lines(picker.buffers.list, 0, 1, false)[1]
  )
  picker:close()
end)

test("names, containers and paths of a real project stay readable", function()
  local one = puppet(true)
  local picker = builtin.show(one.source, "anything")
  wait("the question", function()
    return #one.asked == 1
  end)
  local list = {}
  for number = 1, 10 do
    table.insert(list, a_hit("clear_expired", "backends.SessionBase", "src/base" .. number .. ".py"))
  end
  list[3].name = ("one_name_that_is_longer_than_the_others"):rep(2)
  one.answer(nil, list, {})
  local lines = vim.api.nvim_buf_get_lines(picker.buffers.list, 0, -1, false)
  assert(lines[1]:find("^ clear_expired +SessionBase +src/base1.py:7$"), lines[1])
  assert(lines[3]:find("^ one_name_[%w_]*… SessionBase +src/base3.py:7$"), lines[3])
  for number, hit in ipairs(list) do
    hit.name, hit.path = "get_expire_at_browser_close", "django/contrib/sessions/backends/base" .. number .. ".py"
  end
  one.answer(nil, list, {})
  lines = vim.api.nvim_buf_get_lines(picker.buffers.list, 0, -1, false)
  assert(lines[1]:find("^ get_expire_at_browser_close +…/base1.py:7$"), lines[1])
  picker:close()
end)

test("a sign says that a search is under way", function()
  local one = puppet(true)
  local picker = builtin.show(one.source, "anything")
  equal(title_of(picker), "searching…")
  wait("the question", function()
    return #one.asked == 1
  end)
  one.answer(nil, { a_hit("close", "Session", "src/net.py") }, {})
  equal(title_of(picker), "1 found")
  picker:typed() -- The same text again is no new question.
  equal(title_of(picker), "1 found")
  picker:close()
  local alike = puppet(false, "Similar code")
  picker = builtin.show(alike.source, "")
  equal(title_of(picker), "Similar code: searching…")
  alike.answer(nil, { a_hit("close", "Session", "src/net.py") }, {})
  equal(title_of(picker), "Similar code: 1 found")
  picker:close()
end)

test("the keys are shown, and earlier questions come back", function()
  builtin.history = {}
  for _, question in ipairs({ "first question", "second question", "second question", " " }) do
    builtin.show(puppet(true).source, question):close()
  end
  equal(builtin.history, { "first question", "second question" })
  local picker = builtin.show(puppet(true).source, "")
  if vim.fn.has("nvim-0.10") == 1 then
    local footer = vim.api.nvim_win_get_config(picker.windows.preview).footer[1][1]
    assert(footer:find("^ <CR> open  <C%-q> quickfix  ") and not footer:find("…"), footer)
  else
    wait("the keys", function()
      return vim.api.nvim_buf_get_lines(picker.buffers.list, 0, 1, false)[1] == " <CR> open"
    end)
  end
  local function prompt()
    return vim.api.nvim_buf_get_lines(picker.buffers.prompt, 0, 1, false)[1]
  end
  vim.api.nvim_buf_set_lines(picker.buffers.prompt, 0, -1, false, { "half a thou" })
  for _, step in ipairs({
    { -1, "second question" },
    { -1, "first question" },
    { -1, "first question" },
    { 1, "second question" },
    { 1, "half a thou" },
    { 1, "half a thou" },
  }) do
    picker:recall(step[1])
    equal(prompt(), step[2])
  end
  picker:close()
end)

test("each result is one row of the quickfix list", function()
  require("codanna.hits").to_list({ a_hit("close", "Session", "src/net.py") }, "title", "quickfix")
  local text = vim.fn.getqflist()[1].text
  assert(text:find("^method Session.close def close%( self%)x+$"), text)
  assert(#text <= 160, #text)
  equal(vim.wo.wrap, false)
  vim.cmd("cclose")
end)

assert(loadfile(os.getenv("EDITOR_TESTS") .. "/neovim/pickers.lua"))(test, equal, wait, at)
assert(loadfile(os.getenv("EDITOR_TESTS") .. "/neovim/hostile.lua"))(test, equal, wait, notes)

test("a question that was asked too early is asked again when the index knows more", function()
  local asked = 0
  builtin.show({
    title = "",
    live = true,
    ask = function(_, callback)
      asked = asked + 1
      callback(nil, {}, {})
      return function() end
    end,
  }, "anything")
  wait("the first question", function()
    return asked == 1
  end)
  vim.api.nvim_exec_autocmds("User", { pattern = "CodannaStatus", modeline = false })
  wait("the second question", function()
    return asked == 2
  end)
  builtin.current:close()
end)

test("what an answer lacks stands in the picker's title, or where there is nothing else", function()
  local problems, list = { "the model is missing" }, {}
  local picker = builtin.show({
    title = "",
    live = true,
    ask = function(_, callback)
      callback(nil, list, problems)
      return function() end
    end,
  }, "anything")
  local function text()
    return table.concat(vim.api.nvim_buf_get_lines(picker.buffers.list, 0, -1, false))
  end
  wait("the message", function()
    return text() == " nothing was found: the model is missing"
  end)
  problems = { require("codanna.source").building }
  picker.live:again()
  wait("what to wait for", function()
    return text() == " the index is being built; results appear as soon as there are any"
  end)
  problems = { "the model is missing" }
  list = require("codanna.hits").last
  harness.forget()
  picker.live:again()
  wait("hits", function()
    return #picker.hits > 0
  end)
  equal(title_of(picker), ("%d found; the model is missing"):format(#list))
  picker:close()
end)

test("an answer of an index that is being built says so, and names no command to run", function()
  local original, answer, told = client.request, nil, nil
  client.request = function(_, _, callback)
    callback(nil, answer, only_client())
  end
  local function ask(problem)
    answer = { hits = {}, problems = { problem } }
    require("codanna.source").search().ask("anything", function(_, _, problems)
      told = problems
    end)
    return told
  end
  equal(ask({ code = "index-missing", message = "run this" }), { "the index is being built" })
  equal(ask({ code = "open", message = "the disk is full" }), { "the disk is full" })
  client.request = original
end)

test("columns are right after letters that count differently in bytes and UTF-16", function()
  vim.fn.writefile({ "class Ä𝕏: pass", "def ämter_zählen(): pass" }, "umlaut.py")
  vim.cmd("edit umlaut.py")
  vim.cmd("silent write")
  local found
  wait("indexed", function()
    local done
    require("codanna.source").symbols().ask("ämter_zählen", function(_, list)
      done, found = true, list[1]
    end)
    vim.wait(5000, function()
      return done
    end, 10)
    return found ~= nil
  end)
  require("codanna.hits").open(found)
  equal({ at(), vim.fn.expand("<cword>") }, { "umlaut.py:2", "ämter_zählen" })
  vim.fn.delete("umlaut.py")
end)

test("a saved edit is found", function()
  vim.cmd("edit config/settings.py")
  vim.api.nvim_buf_set_lines(0, -1, -1, false, {
    "",
    "",
    "def frobnicate_the_gizmo() -> None:",
    '    """Turn the wobbly gizmo upside down."""',
  })
  vim.cmd("silent write")
  local name
  wait("the new function", function()
    local done
    require("codanna.source").search().ask("turn wobbly gizmo upside down", function(_, list)
      done, name = true, list[1] and list[1].name
    end)
    vim.wait(5000, function()
      return done
    end, 10)
    return name == "frobnicate_the_gizmo"
  end)
end)

test("the statusline counts symbols, and an event tells of changes", function()
  assert(codanna.statusline():find("^codanna %d+"), codanna.statusline())
  local fired = false
  vim.api.nvim_create_autocmd("User", {
    pattern = "CodannaStatus",
    once = true,
    callback = function()
      fired = true
    end,
  })
  vim.cmd("Codanna reindex")
  wait("the event", function()
    return fired
  end)
  wait("the end", function()
    return noted("was rebuilt")
  end)
end)

test(":Codanna status shows the state of the folder", function()
  local echoed
  local original = vim.api.nvim_echo
  vim.api.nvim_echo = function(chunks)
    echoed = chunks[1][1]
  end
  vim.cmd("Codanna status")
  wait("the text", function()
    return echoed
  end)
  vim.api.nvim_echo = original
  assert(echoed:find("codanna%-lsp %d") and echoed:find("symbols in"), echoed)
end)

test(":Codanna log opens a log", function()
  vim.cmd("Codanna log")
  wait("the log", function()
    return vim.api.nvim_buf_get_name(0):find("%.log$")
  end)
  vim.cmd("tabclose")
end)

test("the server's code action shows similar code in the picker", function()
  vim.cmd("edit config/settings.py")
  vim.lsp.commands["codanna.showSimilar"]({
    arguments = { { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = 17, character = 6 } } },
  })
  assert(builtin.current, "no picker")
  builtin.current:close()
end)

test("commands and filters complete", function()
  equal(vim.fn.getcompletion("Codanna re", "cmdline"), { "reindex", "restart" })
  assert(vim.tbl_contains(vim.fn.getcompletion("Codanna search ki", "cmdline"), "kind:"))
  harness.forget()
  vim.cmd("Codanna nonsense")
  assert(noted("unknown command `nonsense`; there are callers, impact, loclist, log"))
end)

test(":checkhealth names the server, its folder and the picker", function()
  vim.cmd("checkhealth codanna")
  local text = ""
  wait("the report", function()
    text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
    return text:find("in use: builtin")
  end)
  assert(text:find("codanna%-lsp %d"), text)
  assert(text:find("running in", 1, true), text)
  vim.cmd("silent! bwipeout!")
end)

test(":help codanna has an entry for every command and option", function()
  local tags = os.getenv("PLUGIN") .. "/doc/tags"
  local shipped = vim.fn.readfile(tags)
  vim.cmd("helptags " .. vim.fn.fnameescape(os.getenv("PLUGIN") .. "/doc"))
  equal(shipped, vim.fn.readfile(tags)) -- So that :help works where nothing writes tags.
  vim.cmd("help codanna")
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  vim.cmd("helpclose")
  assert(text:find("*codanna-install*", 1, true), "what the message about a missing server names")
  for _, command in ipairs(vim.fn.getcompletion("Codanna ", "cmdline")) do
    assert(text:find("*:Codanna-" .. command .. "*", 1, true), command)
  end
  for option in pairs(require("codanna.config").defaults) do
    assert(text:find("\n" .. option .. " ", 1, true), option)
  end
end)

test("after the server was killed it is back, with the open files attached", function()
  vim.cmd("edit config/settings.py")
  local answer
  client.request("codanna/status", nil, function(_, result)
    answer = result
  end)
  wait("the process number", function()
    return answer
  end)
  local id = only_client().id
  vim.loop.kill(answer.server.pid, "sigkill")
  wait("a new client", function()
    local all = client.all()
    return #all == 1 and all[1].id ~= id and vim.lsp.buf_is_attached(0, all[1].id)
  end)
  local hit
  require("codanna.source").search().ask("read settings", function(_, list)
    hit = list[1]
  end)
  wait("an answer", function()
    return hit
  end)
end)

test(":Codanna restart starts another server process", function()
  local id = only_client().id
  vim.cmd("Codanna restart")
  wait("a new client", function()
    local all = client.all()
    return #all == 1 and all[1].id ~= id and vim.lsp.buf_is_attached(0, all[1].id)
  end)
  wait("ready", ready)
end)

test("a server that keeps crashing is not started for ever", function()
  harness.forget()
  local told = function()
    return noted("keeps crashing")
  end
  local last
  wait("the message", function()
    local all = client.all()
    local pid
    if all[1] and all[1].id ~= last and all[1].initialized then
      client.request("codanna/status", nil, function(_, result)
        pid = result and result.server.pid
      end)
      -- On a busy machine a server that has just started takes longer than ten seconds to answer.
      vim.wait(30000, function()
        return pid
      end, 10)
      if pid then
        last = all[1].id
        vim.loop.kill(pid, "sigkill")
      end
    end
    return told()
  end, 170000)
  equal(#client.all(), 0)
  vim.cmd("Codanna restart")
  wait("it runs again", function()
    return #client.all() == 1 and client.all()[1].initialized
  end)
end)

test("stopping leaves no client", function()
  vim.lsp.stop_client(only_client().id)
  wait("gone", function()
    return #(vim.lsp.get_clients or vim.lsp.get_active_clients)() == 0
  end)
end)

harness.finish()
