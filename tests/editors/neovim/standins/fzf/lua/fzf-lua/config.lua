return {
  globals = {
    actions = {
      files = {
        enter = function(selected)
          local path, line, column = selected[1]:match("^(.-):(%d+):(%d+): ")
          vim.cmd("edit " .. vim.fn.fnameescape(path))
          vim.api.nvim_win_set_cursor(0, { tonumber(line), tonumber(column) - 1 })
        end,
      },
    },
  },
}
