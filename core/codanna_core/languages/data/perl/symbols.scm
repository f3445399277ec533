((package_statement name: (package) @name (block) @body) @definition.module (#set! level "1"))
((package_statement name: (package) @name) @definition.module (#set! level "1"))
((class_statement name: (package) @name (block) @body) @definition.class (#set! level "1"))
((class_statement name: (package) @name) @definition.class (#set! level "1"))
(subroutine_declaration_statement name: (bareword) @name) @definition.function
(method_declaration_statement name: (bareword) @name) @definition.method
(use_statement
  module: (package) @_constant (list_expression . (autoquoted_bareword) @name)
  (#eq? @_constant "constant")) @definition.constant
(use_statement
  module: (package) @_constant
  (anonymous_hash_expression (list_expression (autoquoted_bareword) @name @definition.constant))
  (#eq? @_constant "constant"))
(expression_statement
  (assignment_expression left: (variable_declaration "our" variable: (_ (varname) @name)))) @definition.variable
(expression_statement (variable_declaration "our" variable: (_ (varname) @name))) @definition.variable
