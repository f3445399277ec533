-- A workspace whose names and texts attack the editor, and a server that sends them as they are; `tests.lua` runs it.
local test, equal, wait, notes = ...
local client = require("codanna.client")
local config = require("codanna.config")
local hits = require("codanna.hits")
local builtin = require("codanna.pickers.builtin")

local ATTACK = "\27]0;owned\7\27[31m\194\155\226\128\174\226\129\166\216\156\226\128\168\r\nFORGED\8\127"
local SPELT = "\\x1b]0;owned\\x07\\x1b[31m\\x9b\\u202e\\u2066\\u061c\\u2028\\r\\nFORGED\\x08\\x7f"
local NAMES = {
  "a\ntouch owned\ncall writefile([], 'owned')\nq.py",
  "a|call writefile([], 'owned')|.py",
  "+call writefile([], 'owned').py",
  "-retry.py",
  "$(touch owned).py",
  "`touch owned`.py",
  "%#<cfile>.py",
  "[ab].py",
  "retry \27]0;owned\7\226\128\174.py;syntax",
  "a b{c,d}*?.py",
}

local root = vim.fn.tempname()
vim.fn.mkdir(root, "p")
root = vim.loop.fs_realpath(root)

local function write(name)
  local file = assert(io.open(root .. "/" .. name, "wb"))
  file:write("# retry " .. ATTACK .. "\n# vim: set textwidth=7 :\ndef retry():\n    pass\n")
  file:close()
end
for _, name in ipairs(NAMES) do
  write(name)
end
write("b.py")

local function raw(name)
  local place = { start = { line = 2, character = 4 }, ["end"] = { line = 3, character = 4 } }
  return {
    name = "retry" .. ATTACK,
    kind = "function",
    container = "Upload" .. ATTACK,
    path = name,
    uri = vim.uri_from_fname(root .. "/" .. name),
    signature = "def retry()" .. ATTACK,
    snippet = { { line = 2, text = "def" .. ATTACK, best = true } },
    range = place,
    selectionRange = place,
  }
end

local function acts(text)
  return text:find("[%z\1-\8\10-\31\127]")
    or text:find("\194[\128-\159]")
    or text:find("\226\128[\142\143\168-\174]")
    or text:find("\226\129[\166-\175]")
    or text:find("\216\156", 1, true)
end

local function nothing_happened()
  for _, folder in ipairs({ root, vim.fn.getcwd() }) do
    equal(vim.loop.fs_stat(folder .. "/owned"), nil)
  end
end

local function listed()
  return vim.tbl_map(function(name)
    return hits.read(raw(name), "utf-16")
  end, NAMES)
end

local function puppet()
  return {
    title = "Puppet",
    live = false,
    ask = function(_, callback)
      vim.schedule(function()
        callback(nil, listed(), { "a problem in " .. ATTACK })
      end)
      return function() end
    end,
  }
end

test("hostile: what is shown of a hit is inert, the file that is opened is exact", function()
  for number, hit in ipairs(listed()) do
    for _, key in ipairs({ "name", "container", "path", "signature", "text" }) do
      assert(not acts(hit[key]), key .. " " .. vim.inspect(hit[key]))
    end
    equal(hit.name, "retry" .. SPELT)
    equal(hit.filename, root .. "/" .. NAMES[number])
    assert(not acts(hits.line(hit)) and not acts(hits.label(hit)))
  end
  local symbol = hits.read_symbol({
    name = ATTACK,
    kind = 12,
    containerName = ATTACK,
    location = { uri = vim.uri_from_fname(root .. "/" .. NAMES[1]), range = raw("x").range },
  }, "utf-16")
  assert(not acts(hits.line(symbol)), hits.line(symbol))
  equal(symbol.filename, root .. "/" .. NAMES[1])
end)

test("hostile: letters of every script, joined emoji and tabs are shown as they are", function()
  local text = "a\tb é 👩\226\128\141💻 שלום"
  equal(require("codanna.inert").line(text), text)
end)

for _, command in ipairs({ "edit", "split", "vsplit", "tabedit" }) do
  test("hostile: " .. command .. " opens the file, whatever its name says", function()
    local windows = #vim.api.nvim_list_wins()
    for _, hit in ipairs(listed()) do
      vim.cmd("silent! only")
      local before = #vim.api.nvim_list_wins()
      hits.open(hit, command)
      equal(vim.api.nvim_buf_get_name(0), hit.filename)
      equal(vim.api.nvim_win_get_cursor(0), { 3, 4 })
      equal(#vim.api.nvim_list_wins(), before + (command == "edit" and 0 or 1))
      nothing_happened()
      vim.cmd("silent! tabonly | silent! only")
    end
    equal(#vim.api.nvim_list_wins(), math.min(windows, 1))
  end)
end
for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
  if vim.startswith(vim.api.nvim_buf_get_name(buffer), root) then
    vim.api.nvim_buf_delete(buffer, { force = true })
  end
end

test("hostile: the picker shows every hit on its line and previews it without its modeline", function()
  -- Loaded, and matched by the pattern that the name `[ab].py` would be.
  vim.fn.bufload(vim.fn.bufadd(root .. "/b.py"))
  local other = vim.fn.bufnr(root .. "/b.py")
  vim.api.nvim_buf_set_lines(other, 0, -1, false, { "the wrong file" })
  builtin.show(puppet(), "")
  local picker = builtin.current
  wait("results", function()
    return #picker.hits == #NAMES
  end)
  local lines = vim.api.nvim_buf_get_lines(picker.buffers.list, 0, -1, false)
  equal(#lines, #NAMES)
  for _, line in ipairs(lines) do
    assert(not acts(line), line)
  end
  for number = 1, #NAMES do
    equal(picker.selected, number)
    local shown = vim.api.nvim_buf_get_lines(picker.buffers.preview, 0, -1, false)
    equal(shown[#shown], "    pass")
    equal(vim.bo[picker.buffers.preview].textwidth, 0)
    equal(vim.bo[picker.buffers.preview].buftype, "nofile")
    picker:move(1)
  end
  picker:close()
  vim.api.nvim_buf_delete(other, { force = true })
  nothing_happened()
end)

test("hostile: a pipe that took the place of a file is not read for the preview", function()
  local fifo = root .. "/pipe.py"
  vim.fn.system({ "mkfifo", fifo })
  local source = puppet()
  source.ask = function(_, callback)
    vim.schedule(function()
      callback(nil, { hits.read(raw("pipe.py"), "utf-16") }, {})
    end)
    return function() end
  end
  builtin.show(source, "")
  local picker = builtin.current
  wait("the result", function()
    return #picker.hits == 1
  end)
  equal(vim.api.nvim_buf_get_lines(picker.buffers.preview, 0, -1, false), { "(not a file)" })
  picker:close()
end)

test("hostile: the quickfix list has one line a hit, and its entries lead to the files", function()
  hits.to_list(listed(), "Codanna", "quickfix")
  local items = vim.fn.getqflist()
  equal(#items, #NAMES)
  for number, item in ipairs(items) do
    assert(not acts(item.text), item.text)
    equal(vim.api.nvim_buf_get_name(item.bufnr), root .. "/" .. NAMES[number])
  end
  vim.cmd("cclose")
  for _, item in ipairs(items) do
    vim.api.nvim_buf_delete(item.bufnr, { force = true })
  end
  vim.fn.setqflist({}, "r")
end)

test("hostile: messages and the status are inert", function()
  for index = #notes, 1, -1 do
    notes[index] = nil
  end
  client.say("problem: " .. ATTACK, vim.log.levels.WARN)
  equal(notes[1].message, "codanna: problem: " .. SPELT)
  local folder = {
    name = ATTACK,
    state = "ready",
    symbols = 1,
    filesIndexed = 1,
    filesTotal = 1,
    vectors = 1,
    vectorsPending = 0,
    model = ATTACK,
    bytesOnDisk = 1,
    indexDir = ATTACK,
    filesSkipped = { [ATTACK] = 1 },
    problems = { { message = ATTACK } },
  }
  local lines = require("codanna.status").lines({ folders = { folder }, server = { version = ATTACK, uptimeSeconds = 1 } })
  for _, line in ipairs(lines) do
    assert(not acts(line), line)
  end
  for index = #notes, 1, -1 do
    notes[index] = nil
  end
end)

for _, name in ipairs({ "telescope", "fzf", "snacks", "mini" }) do
  test("hostile: " .. name .. " gets one inert line a hit", function()
    local folder = os.getenv("EDITOR_TESTS") .. "/neovim/standins/" .. name
    local before = vim.tbl_keys(package.loaded)
    local lines, picked
    package.loaded["standin"] = {
      opened = function(picker)
        local function look()
          wait("results", function()
            return #picker.lines() == #NAMES
          end)
          lines = picker.lines()
          picker.close()
          picked = true
        end
        if package.loaded["mini.pick"] then
          look()
        else
          vim.schedule(look)
        end
      end,
    }
    vim.opt.runtimepath:append(folder)
    config.options.picker = name
    require("codanna.pickers").show(puppet(), "")
    wait("the picker", function()
      return picked
    end)
    config.options.picker = "builtin"
    vim.opt.runtimepath:remove(folder)
    for module in pairs(package.loaded) do
      if not vim.tbl_contains(before, module) and not module:find("^codanna") then
        package.loaded[module] = nil
      end
    end
    for _, line in ipairs(lines) do
      assert(not acts(line), line)
    end
    nothing_happened()
  end)
end
