return {
  empty = function()
    return {}
  end,
}
