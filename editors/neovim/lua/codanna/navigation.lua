---Go to definition, references, call hierarchy and hover are left to other servers of a buffer. Neovim asks every
---client of a buffer, and would show two answers.
local M = {}

local METHODS = {
  ["textDocument/definition"] = true,
  ["textDocument/references"] = true,
  ["textDocument/implementation"] = true,
  ["textDocument/documentHighlight"] = true,
  ["textDocument/hover"] = true,
  ["textDocument/prepareCallHierarchy"] = true,
}

---@param buffer integer
---@return table[] clients
local function clients_of(buffer)
  if vim.lsp.get_clients then
    return vim.lsp.get_clients({ bufnr = buffer })
  end
  local list = {}
  for _, client in pairs(vim.lsp.buf_get_clients(buffer)) do
    table.insert(list, client)
  end
  return list
end

---@param client table
---@param method string
---@param buffer integer
---@return boolean
local function supports(client, method, buffer)
  if vim.fn.has("nvim-0.11") == 1 then
    return client:supports_method(method, buffer)
  end
  return client.supports_method(method, { bufnr = buffer })
end

---Whether another server answers a method for a buffer.
---@param method string
---@param buffer integer
---@return boolean
local function taken(method, buffer)
  for _, other in ipairs(clients_of(buffer)) do
    if other.name ~= "codanna" and supports(other, method, buffer) then
      return true
    end
  end
  return false
end

---Have a client of ours say so: what Neovim asks depends on what a client says that it supports.
---@param client table
function M.leave_to_others(client)
  local said = client.supports_method
  client.supports_method = function(first, ...)
    -- Before Neovim 0.11 it is no method of the client.
    local method, about = first, (...)
    if type(first) == "table" then
      method, about = ...
    end
    if not said(first, ...) then
      return false
    end
    if not METHODS[method] then
      return true
    end
    local buffer = type(about) == "table" and about.bufnr or type(about) == "number" and about or nil
    if buffer == nil or buffer == 0 then
      buffer = vim.api.nvim_get_current_buf()
    end
    return not taken(method, buffer)
  end
end

return M
