-- What every picker of another plug-in has to do, tried with stand-ins for those plug-ins; `tests.lua` runs it.
local test, equal, wait, at = ...
local config = require("codanna.config")
local client = require("codanna.client")

local body
-- What the stand-ins call once their picker is open.
package.loaded["standin"] = {
  opened = function(picker)
    if package.loaded["mini.pick"] then
      body(picker) -- Its `start` blocks, so it happens meanwhile.
    else
      vim.schedule(function()
        body(picker)
      end)
    end
  end,
}

---Open a picker, use it, and close it.
local function using(open, use)
  local done, err = false, nil
  body = function(picker)
    local ok, problem = xpcall(use, debug.traceback, picker)
    picker.close()
    done, err = true, not ok and problem or nil
  end
  open()
  wait("the picker", function()
    return done
  end, 60000)
  assert(not err, err)
end

---A source whose answers the test gives.
local function puppet(live)
  local self = { asked = {}, cancelled = {}, answers = {} }
  self.source = {
    title = "Puppet",
    live = live,
    ask = function(query, callback)
      table.insert(self.asked, query)
      self.answers[query] = callback
      return function()
        table.insert(self.cancelled, query)
        self.answers[query] = nil
      end
    end,
  }
  return self
end

local function hit(name)
  local filename = vim.fn.fnamemodify("uploads/transfer.py", ":p")
  return {
    name = name,
    kind = "function",
    container = "",
    path = "uploads/transfer.py",
    filename = filename,
    lnum = 31,
    end_lnum = 40,
    character = 8,
    encoding = "utf-16",
    signature = "",
    text = "",
  }
end

for _, name in ipairs({ "telescope", "fzf", "snacks", "mini" }) do
  local folder = os.getenv("EDITOR_TESTS") .. "/neovim/standins/" .. name
  local before = vim.tbl_keys(package.loaded)
  local function show(source, query)
    return function()
      require("codanna.pickers").show(source, query or "")
    end
  end
  local function filled(picker)
    return function()
      return #picker.lines() > 0
    end
  end

  test(name .. ": is used as soon as it is installed", function()
    config.options.picker = "auto"
    equal(require("codanna.pickers").name(), "builtin")
    vim.opt.runtimepath:append(folder)
    equal(require("codanna.pickers").name(), name)
  end)

  test(name .. ": searches while one types, previews, and opens the best hit", function()
    vim.cmd("edit docs/guide.md")
    using(function()
      vim.cmd("Codanna search")
    end, function(picker)
      equal(picker.lines(), {})
      picker.type("retry failed uploads")
      wait("results", filled(picker))
      assert(picker.lines()[1]:find("_send_with_backoff"), picker.lines()[1])
      assert(picker.lines()[1]:find("uploads/transfer.py:31", 1, true), picker.lines()[1])
      equal(picker.preview(), { vim.loop.fs_realpath("uploads/transfer.py"), 31 })
      picker.choose()
    end)
    equal({ at(), vim.api.nvim_win_get_cursor(0)[2] }, { "transfer.py:31", 8 })
  end)

  test(name .. ": begins with the question of the command", function()
    using(function()
      vim.cmd("Codanna search drop expired sessions")
    end, function(picker)
      wait("results", filled(picker))
      assert(picker.lines()[1]:find("dropExpiredSessions"), picker.lines()[1])
    end)
  end)

  test(name .. ": a new question cancels the one under way, and its late answer is not shown", function()
    local one = puppet(true)
    using(show(one.source), function(picker)
      picker.type("ret")
      wait("the first question", function()
        return one.answers["ret"]
      end)
      local late = one.answers["ret"]
      picker.type("retry")
      wait("the second question", function()
        return one.answers["retry"]
      end)
      equal(one.asked, { "ret", "retry" })
      equal(one.cancelled, { "ret" })
      one.answers["retry"](nil, { hit("second") }, {})
      wait("the answer", filled(picker))
      pcall(late, nil, { hit("first") }, {})
      equal(#picker.lines(), 1)
      assert(picker.lines()[1]:find("second"), picker.lines()[1])
    end)
  end)

  test(name .. ": an error and what an answer lacks are told, the latter once", function()
    local one, said = puppet(true), {}
    local say = client.say
    client.say = function(message)
      table.insert(said, message)
    end
    local ok, err = pcall(using, show(one.source), function(picker)
      for _, text in ipairs({ "ret", "retry" }) do
        picker.type(text)
        wait("the question", function()
          return one.answers[text]
        end)
        one.answers[text](nil, { hit(text) }, { "the model is missing" })
        wait("the answer", filled(picker))
      end
      picker.type("broken")
      wait("the question", function()
        return one.answers["broken"]
      end)
      one.answers["broken"]("no luck", {}, {})
      wait("the message", function()
        return #said == 2
      end)
    end)
    client.say = say
    assert(ok, err)
    equal(said, { "the model is missing", "no luck" })
  end)

  test(name .. ": shows similar code, which no question changes", function()
    local one = puppet(false)
    local answered = false
    vim.defer_fn(function()
      wait("the question", function()
        return one.answers[""]
      end)
      answered = true
      one.answers[""](nil, { hit("alike") }, {})
    end, 1)
    using(show(one.source), function(picker)
      wait("the answer", filled(picker))
      assert(picker.lines()[1]:find("alike"), picker.lines()[1])
    end)
    assert(answered)
  end)

  vim.opt.runtimepath:remove(folder)
  for module in pairs(package.loaded) do
    if not vim.tbl_contains(before, module) and not module:find("^codanna") then
      package.loaded[module] = nil
    end
  end
end

test("fzf-lua of older versions hands over the question itself", function()
  vim.opt.runtimepath:append(os.getenv("EDITOR_TESTS") .. "/neovim/standins/fzf")
  require("fzf-lua").hands_over_a_list = false
  using(function()
    vim.cmd("Codanna search drop expired sessions")
  end, function(picker)
    wait("results", function()
      return #picker.lines() > 0
    end)
  end)
  vim.opt.runtimepath:remove(os.getenv("EDITOR_TESTS") .. "/neovim/standins/fzf")
end)

for _, module in ipairs({ "standin", "fzf-lua", "fzf-lua.config" }) do
  package.loaded[module] = nil
end
config.options.picker = "builtin"
