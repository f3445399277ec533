(function_definition
  name: (_) @name
  [(command) (if_statement) (for_statement) (while_statement) (switch_statement) (begin_statement) (pipe)
   (conditional_execution) (negated_statement) (return)] @body) @definition.function
(function_definition name: (_) @name) @definition.function
(program
  (command name: (word) @_set . argument: (word) @_option . argument: (word) @name) @definition.variable
  (#eq? @_set "set") (#match? @_option "^-[a-zA-Z]*[gU]"))
