return {
  values = {
    grep_previewer = function()
      return function(entry)
        return { entry.filename, entry.lnum }
      end
    end,
    generic_sorter = function()
      return { sorts = true }
    end,
  },
}
