(rule (targets (word) @name) (recipe)? @body (#not-match? @name "^\\.|%")) @definition.function
(define_directive name: (word) @name value: (_) @body) @definition.macro
(makefile [
  (variable_assignment name: (word) @name) @definition.variable
  (export_directive (variable_assignment name: (word) @name) @definition.variable)])
