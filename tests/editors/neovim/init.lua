vim.opt.runtimepath:prepend(os.getenv("PLUGIN"))
vim.opt.swapfile = false
vim.opt.shadafile = "NONE"
vim.opt.hidden = true
