(function_definition name: (word) @name) @definition.function
(program
  (declaration_command (variable_assignment name: (variable_name) @name)) @definition.constant
  (#match? @definition.constant "^(readonly|(declare|typeset) -[A-Za-z]*r)"))
(program (declaration_command (variable_assignment name: (variable_name) @name)) @definition.variable)
