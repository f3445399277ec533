(binding
  attrpath: (attrpath) @name
  expression: (function_expression
    body: (function_expression body: (function_expression body: (_) @body)))) @definition.function
(binding attrpath: (attrpath) @name expression: (function_expression body: (function_expression body: (_) @body))) @definition.function
(binding attrpath: (attrpath) @name expression: (function_expression body: (_) @body)) @definition.function
; Plain values deep in a set are settings, not definitions.
(let_expression (binding_set (binding attrpath: (attrpath) @name) @definition.variable))
(binding
  attrpath: (attrpath) @name
  expression: [
    (attrset_expression)
    (rec_attrset_expression)
    (let_expression)
    (with_expression)] @body) @definition.variable
(binding attrpath: (attrpath) @name expression: (apply_expression argument: (_) @body)) @definition.variable
(source_code expression: (_ (binding_set (binding attrpath: (attrpath) @name) @definition.variable)))
(source_code expression: (_ body: (_ (binding_set (binding attrpath: (attrpath) @name) @definition.variable))))
(source_code expression: (_ body: (_ body: (_ (binding_set (binding attrpath: (attrpath) @name) @definition.variable)))))
