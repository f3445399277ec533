---A small picker of our own, for a live search with a preview where nothing else is installed.
local hits = require("codanna.hits")
local inert = require("codanna.inert")
local sources = require("codanna.source")

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace("codanna")
local TITLES = vim.api.nvim_create_namespace("codanna_titles")
local MIN_PLACE = 16
---With less room than this for the file the container is left out.
local GOOD_PLACE = 18
local MAX_CONTAINER = 16
local HAS_TITLES = vim.fn.has("nvim-0.9") == 1
local HAS_FOOTERS = vim.fn.has("nvim-0.10") == 1
---The keys that are worth most come first, for those at the end have no room in a narrow window.
local OPEN_HINTS = { "<C-x> split", "<C-v> beside", "<C-t> tab" }
local LIVE_HINTS = vim.list_extend({ "<CR> open", "<C-q> quickfix", "<M-p> earlier", "<C-c> close" }, OPEN_HINTS)
local LIST_HINTS = vim.list_extend({ "<CR> open", "<C-q> quickfix", "q close" }, OPEN_HINTS)
local MAX_HISTORY = 50

---What was asked in this session, the oldest first.
---@type string[]
M.history = {}
local MAX_PREVIEW_BYTES = 1024 * 1024

local KIND_HIGHLIGHT = {
  ["function"] = "Function",
  method = "Function",
  macro = "Macro",
  class = "Type",
  struct = "Type",
  enum = "Type",
  trait = "Type",
  interface = "Type",
  type = "Type",
  module = "Include",
  constant = "Constant",
  variable = "Identifier",
  field = "Identifier",
  heading = "Title",
}

---Cut a text to a width; the beginning gives way with `from_start`, else the end.
local function shorten(text, width, from_start)
  local length = vim.fn.strchars(text)
  if vim.fn.strdisplaywidth(text) <= width then
    return text
  end
  local keep = math.max(1, width - 1)
  if from_start then
    return "…" .. vim.fn.strcharpart(text, length - keep)
  end
  return vim.fn.strcharpart(text, 0, keep) .. "…"
end

local function scratch()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = "wipe"
  return buffer
end

---Where the three windows stand.
local function layout(live)
  local columns, lines = vim.o.columns, vim.o.lines - vim.o.cmdheight
  local width = math.max(20, math.min(columns - 4, math.floor(columns * 0.9)))
  local height = math.max(6, math.min(lines - 4, math.floor(lines * 0.8)))
  local row = math.max(0, math.floor((lines - height) / 2) - 1)
  local column = math.max(0, math.floor((columns - width) / 2))
  local beside = width >= 90
  local list_width = beside and math.floor(width * 0.48) or width
  local prompt = live and 3 or 0
  local body = height - prompt
  local list_height = beside and body - 2 or math.max(1, math.floor(body / 2) - 2)
  local float = { relative = "editor", style = "minimal", border = "rounded" }
  local function place(spec)
    return vim.tbl_extend("force", float, spec)
  end
  return {
    prompt = live and place({ row = row, col = column, width = list_width - 2, height = 1 }) or nil,
    list = place({ row = row + prompt, col = column, width = list_width - 2, height = list_height, focusable = true }),
    preview = beside
        and place({ row = row, col = column + list_width, width = width - list_width - 2, height = height - 2 })
      or place({
        row = row + prompt + list_height + 2,
        col = column,
        width = list_width - 2,
        height = math.max(1, body - list_height - 4),
      }),
  }
end

---The name of a hit, or the line that stands for one.
local function name_of(hit)
  return ((hit.name ~= "" and hit.name or hit.text):gsub("%s+", " "))
end

---The innermost container of a hit; a piece of text has none.
local function container_of(hit)
  return hit.kind ~= "text" and hit.container:match("[^.]*$") or ""
end

local function place_of(hit)
  return ("%s:%d"):format(hit.path, hit.lnum)
end

---A width that is enough for nine rows of ten: one long name must not take the room of all others.
local function common_width(list, text_of)
  local widths = {}
  for _, hit in ipairs(list) do
    table.insert(widths, vim.fn.strdisplaywidth(text_of(hit)))
  end
  table.sort(widths)
  return widths[math.ceil(#widths * 0.9)] or 0
end

---How wide the columns are: the name first, then the container, and the rest for the file.
local function columns_of(list, width)
  local space = width - 4 -- The margins, and a gap.
  local name = math.min(common_width(list, name_of), math.max(8, space - MIN_PLACE))
  local container = math.min(common_width(list, container_of), MAX_CONTAINER)
  if space - name - container - 1 < math.min(common_width(list, place_of), GOOD_PLACE) then
    container = 0
  end
  return { name = name, container = container, place = space - name }
end

---The end of a path tells files apart, so that its beginning gives way, by whole folders where it can.
local function shorten_path(path, width)
  if vim.fn.strdisplaywidth(path) <= width then
    return path
  end
  local from = path:find("/", 1, true)
  while from do
    local rest = "…" .. path:sub(from)
    if vim.fn.strdisplaywidth(rest) <= width then
      return rest
    end
    from = path:find("/", from + 1, true)
  end
  return shorten(path, width, true)
end

---A row of the list, with its marks.
local function row(hit, columns, number, marks)
  local name = shorten(name_of(hit), columns.name, false)
  local text = " " .. name
  table.insert(marks, { number - 1, 1, #text, KIND_HIGHLIGHT[hit.kind] or "Normal" })
  text = text .. (" "):rep(columns.name - vim.fn.strdisplaywidth(name))
  local left = columns.place
  if columns.container > 0 then
    local container = shorten(container_of(hit), columns.container, false)
    text = text .. " " .. container .. (" "):rep(columns.container - vim.fn.strdisplaywidth(container))
    left = left - columns.container - 1
  end
  local place = shorten_path(place_of(hit), math.max(8, left))
  text = text .. "  " .. place
  table.insert(marks, { number - 1, #text - #place, #text, "Comment" })
  return text
end

---@class codanna.Builtin
---@field hits codanna.Hit[]
---@field selected integer
local Picker = {}
Picker.__index = Picker

---@param source codanna.Source
---@param query string
---@return codanna.Builtin
function M.show(source, query)
  local live = source.live
  local self = setmetatable({
    source = source,
    origin = vim.api.nvim_get_current_win(),
    hits = {},
    selected = 1,
    places = layout(live),
    windows = {},
    buffers = { list = scratch(), preview = scratch() },
  }, Picker)

  for _, name in ipairs({ "preview", "list" }) do
    self.windows[name] = vim.api.nvim_open_win(self.buffers[name], false, self.places[name])
    vim.wo[self.windows[name]].wrap = false
    vim.wo[self.windows[name]].winhighlight = "NormalFloat:Normal"
  end
  vim.wo[self.windows.list].winhighlight = "NormalFloat:Normal,CursorLine:Visual"
  vim.wo[self.windows.list].cursorline = true
  vim.wo[self.windows.list].scrolloff = 0
  self:title("list", source.title)

  local input = self.buffers.list
  if live then
    input = scratch()
    self.buffers.prompt = input
    self.windows.prompt = vim.api.nvim_open_win(input, true, self.places.prompt)
    vim.wo[self.windows.prompt].winhighlight = "NormalFloat:Normal"
    self:title("prompt", source.title)
    self:title("list", "")
    self:title("preview", "")
    vim.api.nvim_buf_set_lines(input, 0, -1, false, { query })
    vim.api.nvim_win_set_cursor(self.windows.prompt, { 1, #query })
  else
    vim.api.nvim_set_current_win(self.windows.list)
  end
  self:map(input, live)
  self:hints(live and LIVE_HINTS or LIST_HINTS)

  self.live = sources.live(source, function(err, list, problems, text)
    self:fill(err, list, problems, text)
  end)
  local group = vim.api.nvim_create_augroup("codanna_picker", { clear = true })
  self.group = group
  vim.api.nvim_create_autocmd("WinLeave", {
    group = group,
    buffer = input,
    callback = function()
      vim.schedule(function()
        self:close()
      end)
    end,
  })
  if live then
    vim.api.nvim_create_autocmd({ "TextChangedI", "TextChanged" }, {
      group = group,
      buffer = input,
      callback = function()
        self:typed()
      end,
    })
    -- Who asks while the index is being built sees the answer as soon as there is one.
    vim.api.nvim_create_autocmd("User", {
      group = group,
      pattern = "CodannaStatus",
      callback = function()
        if #self.hits == 0 then
          self.live:again()
        end
      end,
    })
    vim.cmd("startinsert!")
    self:typed()
  else
    vim.api.nvim_create_autocmd("CursorMoved", {
      group = group,
      buffer = input,
      callback = function()
        self:move(vim.api.nvim_win_get_cursor(self.windows.list)[1] - self.selected)
      end,
    })
    self:title("list", source.title .. ": searching…")
    self.cancel = source.ask("", function(err, list, problems)
      self:fill(err, list, problems, "")
    end)
  end
  M.current = self
  return self
end

---Titles of windows exist from Neovim 0.9; before that the first row says the same at its right end.
function Picker:title(name, text)
  if not self.windows[name] then
    return
  end
  text = inert.line(text)
  if not HAS_TITLES then
    self.said = self.said or {}
    self.said[name] = text
    return self:say_in_row()
  end
  local place = vim.api.nvim_win_get_config(self.windows[name])
  place.title = text ~= "" and " " .. text .. " " or ""
  place.title_pos = "left"
  pcall(vim.api.nvim_win_set_config, self.windows[name], place)
end

function Picker:say_in_row()
  local buffer = self.buffers.prompt or self.buffers.list
  local parts = {}
  for _, name in ipairs({ "prompt", "list" }) do
    if (self.said[name] or "") ~= "" then
      table.insert(parts, self.said[name])
    end
  end
  vim.api.nvim_buf_clear_namespace(buffer, TITLES, 0, -1)
  vim.api.nvim_buf_set_extmark(buffer, TITLES, 0, 0, {
    virt_text = { { table.concat(parts, " · "), "Comment" } },
    virt_text_pos = "right_align",
  })
end

---The keys, at the lower edge of the preview; before Neovim 0.10, which has no such place, in the empty list.
function Picker:hints(keys)
  if not HAS_FOOTERS then
    return
  end
  local place = vim.api.nvim_win_get_config(self.windows.preview)
  local text = ""
  for _, key in ipairs(keys) do
    local longer = text .. (text == "" and "" or "  ") .. key
    if vim.fn.strdisplaywidth(longer) <= place.width - 2 then
      text = longer
    end
  end
  place.footer, place.footer_pos = " " .. text .. " ", "left"
  pcall(vim.api.nvim_win_set_config, self.windows.preview, place)
end

---Put an earlier or later question into the prompt.
function Picker:recall(by)
  local history = M.history
  local now = vim.api.nvim_buf_get_lines(self.buffers.prompt, 0, 1, false)[1] or ""
  if not self.recalled then
    self.recalled, self.typed_before = #history + 1, now
  end
  local wanted = math.max(1, math.min(#history + 1, self.recalled + by))
  -- What is shown already would look as if the key did nothing.
  while by < 0 and wanted > 1 and history[wanted] == now do
    wanted = wanted - 1
  end
  self.recalled = wanted
  local text = history[wanted] or self.typed_before
  vim.api.nvim_buf_set_lines(self.buffers.prompt, 0, -1, false, { text })
  vim.api.nvim_win_set_cursor(self.windows.prompt, { 1, #text })
  self:typed()
end

local function remember(question)
  question = vim.trim(question)
  if question == "" or M.history[#M.history] == question then
    return
  end
  table.insert(M.history, question)
  if #M.history > MAX_HISTORY then
    table.remove(M.history, 1)
  end
end

function Picker:map(buffer, live)
  local function map(keys, action)
    for _, key in ipairs(keys) do
      for _, mode in ipairs(live and { "i", "n" } or { "n" }) do
        vim.api.nvim_buf_set_keymap(buffer, mode, key, "", { callback = action, noremap = true, nowait = true, silent = true })
      end
    end
  end
  map({ "<CR>" }, function()
    self:choose("edit")
  end)
  map({ "<C-x>" }, function()
    self:choose("split")
  end)
  map({ "<C-v>" }, function()
    self:choose("vsplit")
  end)
  map({ "<C-t>" }, function()
    self:choose("tabedit")
  end)
  map({ "<C-q>" }, function()
    self:close()
    require("codanna").quickfix()
  end)
  map({ "<C-c>" }, function()
    self:close()
  end)
  if live then
    map({ "<C-n>", "<Down>", "<C-j>" }, function()
      self:move(1)
    end)
    map({ "<C-p>", "<Up>", "<C-k>" }, function()
      self:move(-1)
    end)
    map({ "<M-p>", "<C-Up>" }, function()
      self:recall(-1)
    end)
    map({ "<M-n>", "<C-Down>" }, function()
      self:recall(1)
    end)
  else
    map({ "q" }, function()
      self:close()
    end)
  end
  vim.api.nvim_buf_set_keymap(buffer, "n", "<Esc>", "", {
    callback = function()
      self:close()
    end,
    noremap = true,
  })
end

function Picker:typed()
  local text = vim.api.nvim_buf_get_lines(self.buffers.prompt, 0, 1, false)[1] or ""
  local question = vim.trim(text)
  if question ~= "" and question ~= self.question then
    self:title("list", "searching…")
  end
  self.question = question
  self.live:query(text)
end

function Picker:fill(err, list, problems, text)
  if self.closed then
    return
  end
  self.hits, self.selected = list, 1
  local buffer = self.buffers.list
  local width = vim.api.nvim_win_get_width(self.windows.list)
  local lines, marks = {}, {}
  local lacks = table.concat(problems, "; ")
  local message = err or (#list == 0 and (text ~= "" or not self.source.live) and "nothing was found") or nil
  if message and not err and vim.tbl_contains(problems, sources.building) then
    -- It is asked again with every change of the status.
    message = lacks .. "; results appear as soon as there are any"
  elseif message and lacks ~= "" then
    message = message .. ": " .. lacks
  end
  if message then
    lines = { " " .. inert.line(message) }
    marks = { { 0, 0, #lines[1], err and "ErrorMsg" or "Comment" } }
  elseif #list == 0 and self.source.live and not HAS_FOOTERS then
    lines = vim.tbl_map(function(key)
      return " " .. key
    end, LIVE_HINTS)
    for number, line in ipairs(lines) do
      table.insert(marks, { number - 1, 0, #line, "Comment" })
    end
  end
  local columns = columns_of(list, width)
  for number, hit in ipairs(list) do
    lines[number] = row(hit, columns, number, marks)
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
  for _, mark in ipairs(marks) do
    vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, mark[1], mark[2], { end_col = mark[3], hl_group = mark[4] })
  end
  local found = #list > 0 and ("%d found"):format(#list) .. (lacks ~= "" and "; " .. lacks or "") or ""
  self:title("list", not self.source.live and found ~= "" and self.source.title .. ": " .. found or found)
  vim.api.nvim_win_set_cursor(self.windows.list, { 1, 0 })
  self:preview()
end

---@param by integer
function Picker:move(by)
  if #self.hits == 0 or by == 0 then
    return
  end
  self.selected = (self.selected - 1 + by) % #self.hits + 1
  vim.api.nvim_win_set_cursor(self.windows.list, { self.selected, 0 })
  self:preview()
end

local function file_lines(hit)
  if hit.url then
    return { hit.path, hit.url, "", hit.signature, hit.text }
  end
  local buffer = hits.loaded(hit.filename)
  if buffer then
    return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  end
  local stat = vim.loop.fs_stat(hit.filename)
  if not stat or stat.size > MAX_PREVIEW_BYTES then
    return { stat and "(too large for a preview)" or "(the file is gone)" }
  end
  if stat.type ~= "file" then
    return { "(not a file)" } -- Reading a pipe would never end.
  end
  local lines = vim.fn.readfile(hit.filename)
  for number, line in ipairs(lines) do
    lines[number] = line:gsub("\r$", ""):gsub("\n", " ")
  end
  return lines
end

function Picker:preview()
  local buffer, window = self.buffers.preview, self.windows.preview
  local hit = self.hits[self.selected]
  local lines = hit and file_lines(hit) or {}
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
  if not hit then
    self:title("preview", "")
    return
  end
  self:title("preview", hit.kind .. " · " .. hit.path)
  local name = hit.filename
  if self.previewed ~= name then
    self.previewed = name
    -- "syntax" instead of "filetype" colours the text without starting language servers for a preview.
    local detected = vim.filetype and vim.filetype.match and vim.fn.has("nvim-0.8") == 1
      and vim.filetype.match({ filename = name, contents = vim.list_slice(lines, 1, 20) })
    if not detected then
      local extensions = { py = "python", rs = "rust", js = "javascript", ts = "typescript", rb = "ruby", md = "markdown" }
      local extension = vim.fn.fnamemodify(name, ":e")
      detected = extensions[extension] or extension
    end
    -- Whatever else the end of a name holds is no syntax, and Neovim refuses it with an error.
    vim.bo[buffer].syntax = detected and detected:match("^[%w_.-]+$") or ""
  end
  local last = #lines
  local first_line, last_line = math.min(hit.lnum, last), math.min(hit.end_lnum, last)
  for line = first_line, math.max(first_line, last_line) do
    vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, line - 1, 0, { line_hl_group = "CursorLine" })
  end
  vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, first_line - 1, 0, { line_hl_group = "Visual" })
  vim.wo[window].number = true
  vim.api.nvim_win_set_cursor(window, { first_line, 0 })
  vim.api.nvim_win_call(window, function()
    local height = vim.api.nvim_win_get_height(0)
    vim.fn.winrestview({ topline = math.max(1, first_line - math.floor(height / 4)) })
  end)
end

---@param command string
function Picker:choose(command)
  local hit = self.hits[self.selected]
  if not hit then
    return
  end
  self:close()
  hits.open(hit, command)
end

function Picker:close()
  if self.closed then
    return
  end
  self.closed = true
  self.live:stop()
  if self.buffers.prompt and vim.api.nvim_buf_is_valid(self.buffers.prompt) then
    remember(vim.api.nvim_buf_get_lines(self.buffers.prompt, 0, 1, false)[1] or "")
  end
  if self.cancel then
    self.cancel()
  end
  pcall(vim.api.nvim_del_augroup_by_id, self.group)
  if vim.api.nvim_win_is_valid(self.origin) then
    vim.api.nvim_set_current_win(self.origin)
  end
  vim.cmd("stopinsert")
  for _, window in pairs(self.windows) do
    if vim.api.nvim_win_is_valid(window) then
      vim.api.nvim_win_close(window, true)
    end
  end
  if M.current == self then
    M.current = nil
  end
end

return M
