-- For Neovim 0.11 and newer: `vim.lsp.enable("codanna")` finds this file on the runtime path.
return require("codanna.config").client()
