---Starting, finding, asking and restarting the server, from Neovim 0.7 to 0.12.
local config = require("codanna.config")
local inert = require("codanna.inert")

local M = {}

local has_011 = vim.fn.has("nvim-0.11") == 1
local CRASHES, CRASH_WINDOW_MS = 3, 180000

---Root folder by client id, of the clients that run.
---@type table<integer, string>
local roots = {}
---Clients that were told to stop; their end is no crash.
---@type table<integer, boolean>
local stopping = {}
---@type table<string, number[]>
local crashes = {}
local told_missing = false

---@param message string
---@param level integer|nil
function M.say(message, level)
  vim.notify("codanna: " .. inert.line(message), level or vim.log.levels.INFO)
end

---@return table[] clients
local function clients()
  local list = (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  return vim.tbl_filter(function(client)
    return client.name == "codanna" and not stopping[client.id]
  end, list)
end

---@return boolean
function M.executable()
  return vim.fn.executable(config.options.cmd[1]) == 1
end

local function missing()
  M.say(
    ("`%s` was not found. Install it with `pipx install .` in a clone of Codanna LSP, then restart Neovim;"
      .. " :checkhealth codanna says more."):format(config.options.cmd[1]),
    vim.log.levels.ERROR
  )
end

---Start a server for the folder, or give the one that runs there.
---@param root string
---@return integer|nil id
local function start(root)
  for id, other in pairs(roots) do
    if other == root and not stopping[id] and vim.lsp.get_client_by_id(id) then
      return id
    end
  end
  if not M.executable() then
    missing()
    return nil
  end
  local wanted = has_011 and vim.lsp.config.codanna or config.client()
  wanted = vim.tbl_extend("force", wanted, {
    name = "codanna",
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = vim.fn.fnamemodify(root, ":t") } },
  })
  local id
  if has_011 then
    id = vim.lsp.start(wanted, { attach = false })
  else
    id = vim.lsp.start_client(wanted)
  end
  if id then
    roots[id] = root
  end
  return id
end

---Whether the buffer holds a file that a server can know.
---@param buffer integer
---@return boolean
local function is_file(buffer)
  return vim.api.nvim_buf_is_loaded(buffer)
    and vim.bo[buffer].buftype == ""
    and vim.api.nvim_buf_get_name(buffer) ~= ""
    and not vim.api.nvim_buf_get_name(buffer):find("^%a[%w+.-]+://")
end

---Attach the server to a buffer; starts it where it does not run. For Neovim before 0.11.
---@param buffer integer
function M.attach(buffer)
  if not is_file(buffer) then
    return
  end
  local root = config.root(vim.api.nvim_buf_get_name(buffer))
  if not root then
    return
  end
  if not M.executable() then
    if not told_missing then
      told_missing = true
      missing()
    end
    return
  end
  local id = start(root)
  if id then
    vim.lsp.buf_attach_client(buffer, id)
  end
end

---@param client table
function M.started(client)
  require("codanna.navigation").leave_to_others(client)
  roots[client.id] = client.config.root_dir or vim.fn.getcwd()
end

---A client ended. After a crash it starts again, unless it keeps crashing.
---@param code integer
---@param signal integer
---@param id integer
function M.ended(code, signal, id)
  vim.schedule(function()
    require("codanna.status").forget(id)
    local root = roots[id]
    roots[id] = nil
    local wanted = stopping[id]
    stopping[id] = nil
    local leaving = vim.v.exiting ~= nil and vim.v.exiting ~= vim.NIL
    if wanted or leaving or not root or (code == 0 and signal == 0) then
      return
    end
    local now = vim.loop.now()
    local recent = vim.tbl_filter(function(time)
      return now - time < CRASH_WINDOW_MS
    end, crashes[root] or {})
    table.insert(recent, now)
    crashes[root] = recent
    if #recent > CRASHES then
      M.say("the server keeps crashing. `:Codanna log` shows why, `:Codanna restart` tries again.", vim.log.levels.ERROR)
      return
    end
    M.start_with_buffers(root)
  end)
end

---Start the server for a folder and attach it to the folder's open files.
---@param root string
function M.start_with_buffers(root)
  local id = start(root)
  if not id then
    return
  end
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if is_file(buffer) and config.root(vim.api.nvim_buf_get_name(buffer)) == root then
      vim.lsp.buf_attach_client(buffer, id)
    end
  end
end

---The client for a buffer: the attached one, else the one of the buffer's or the current folder, which is
---started where it does not run.
---@param buffer integer|nil
---@return table|nil client
function M.get(buffer)
  buffer = (buffer == nil or buffer == 0 or not vim.api.nvim_buf_is_valid(buffer)) and vim.api.nvim_get_current_buf() or buffer
  for _, client in ipairs(clients()) do
    if vim.lsp.buf_is_attached(buffer, client.id) then
      return client
    end
  end
  local root = is_file(buffer) and config.root(vim.api.nvim_buf_get_name(buffer)) or config.root(vim.fn.getcwd())
  if not root then
    M.say("no project here. Open a file of one, or mark its folder with an empty .codanna.toml.", vim.log.levels.WARN)
    return nil
  end
  local id = start(root)
  return id and vim.lsp.get_client_by_id(id) or nil
end

---@return table[] clients that run
function M.all()
  return clients()
end

local function request(client, method, params, callback, buffer)
  if has_011 then
    return client:request(method, params, callback, buffer)
  end
  return client.request(method, params, callback, buffer)
end

---@param client table
---@param force boolean|nil
local function stop(client, force)
  if has_011 then
    client:stop(force)
  else
    client.stop(force)
  end
end

local function is_initialized(client)
  return client.initialized == true
end

---Ask the server. Gives a function that cancels; after it the callback is not called any more.
---@param method string
---@param params table|nil
---@param callback fun(err: table|nil, result: any, client: table)
---@param buffer integer|nil
---@return fun() cancel
function M.request(method, params, callback, buffer)
  local client = M.get(buffer)
  local cancelled, id = false, nil
  if not client then
    -- The reason was shown already.
    return function() end
  end
  local function send()
    if cancelled then
      return
    end
    local sent
    sent, id = request(client, method, params or vim.empty_dict(), function(err, result)
      id = nil
      if not cancelled then
        callback(err, result, client)
      end
    end, buffer and vim.api.nvim_buf_is_valid(buffer) and buffer or 0)
    if not sent then
      callback({ message = "the server is not running; `:Codanna restart` starts it" }, nil, client)
    end
  end
  if is_initialized(client) then
    send()
  else
    -- Neovim refuses requests until the server has answered `initialize`.
    local timer, tries = vim.loop.new_timer(), 0
    timer:start(20, 20, vim.schedule_wrap(function()
      tries = tries + 1
      local alive = vim.lsp.get_client_by_id(client.id)
      if timer:is_closing() then
        return
      end
      if cancelled or is_initialized(client) or not alive or tries > 1500 then
        timer:stop()
        timer:close()
        if is_initialized(client) then
          send()
        elseif not cancelled then
          callback({ message = "the server did not start; `:Codanna log` shows why" }, nil, client)
        end
      end
    end))
  end
  return function()
    cancelled = true
    if id then
      if has_011 then
        client:cancel_request(id)
      else
        client.cancel_request(id)
      end
      id = nil
    end
  end
end

---Stop every server and start it again with the settings of now.
function M.restart()
  crashes = {}
  local folders = {}
  for _, client in ipairs(clients()) do
    folders[roots[client.id] or client.config.root_dir] = client
  end
  if next(folders) == nil then
    M.get()
    return
  end
  for root, client in pairs(folders) do
    local id = client.id
    stopping[id] = true
    stop(client)
    local timer, tries = vim.loop.new_timer(), 0
    timer:start(20, 20, vim.schedule_wrap(function()
      tries = tries + 1
      if timer:is_closing() then
        return
      end
      if roots[id] == nil or tries > 250 then
        timer:stop()
        timer:close()
        if roots[id] ~= nil then
          stop(client, true)
          roots[id] = nil
        end
        M.start_with_buffers(root)
      end
    end))
  end
end

return M
