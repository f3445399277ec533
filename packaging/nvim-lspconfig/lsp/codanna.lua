---@brief
---
--- @HOMEPAGE@
---
--- Finds code by meaning, in any language, offline, beside the language's own server.
--- Several plain words in a workspace symbol search find code by what it does:
---
--- ```lua
--- vim.lsp.buf.workspace_symbol("retry a failed upload")
--- ```
---
--- It attaches to every file type, because it searches all of them.

---@type vim.lsp.Config
return {
  cmd = { "codanna-lsp", "serve" },
  root_markers = { ".codanna.toml", ".git", ".hg", ".jj" },
}
