(function_def (function_command (argument_list . (argument) @name)) (body) @body) @definition.function
(macro_def (macro_command (argument_list . (argument) @name)) (body) @body) @definition.macro
((normal_command (identifier) @_command (argument_list . (argument) @name)) @definition.module
  (#match? @_command "(?i)^(project|add_executable|add_library|add_custom_target)$"))
((normal_command (identifier) @_command (argument_list . (argument) . (argument) @name)) @definition.function
  (#match? @_command "(?i)^add_test$"))
((normal_command (identifier) @_command (argument_list . (argument) @name . (argument (quoted_argument) @doc))) @definition.variable
  (#match? @_command "(?i)^option$"))
((normal_command (identifier) @_command (argument_list . (argument) @name (argument) @_cache)) @definition.variable
  (#match? @_command "(?i)^set$") (#eq? @_cache "CACHE"))
