return {
  new_table = function(options)
    return setmetatable({ close = function() end }, {
      __call = function(_, _, process, complete)
        for _, result in ipairs(options.results) do
          process(options.entry_maker(result))
        end
        complete()
      end,
    })
  end,
}
