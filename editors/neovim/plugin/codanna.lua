if vim.g.loaded_codanna then
  return
end
vim.g.loaded_codanna = true

vim.api.nvim_create_user_command("Codanna", function(args)
  require("codanna.command").run(args)
end, {
  nargs = "*",
  range = true,
  desc = "Find code by meaning",
  complete = function(_, line)
    return require("codanna.command").complete(line)
  end,
})
