(module_definition (module_binding (module_name) @name body: (_)? @body)) @definition.module
(module_type_definition (module_type_name) @name body: (_)? @body) @definition.interface

; Several definitions joined by `and` are each their own; one alone keeps its first word in the signature.
(type_definition . (type_binding name: (_) @name body: (record_declaration) @body) .) @definition.struct
(type_definition . (type_binding name: (_) @name body: (variant_declaration) @body) .) @definition.enum
(type_definition . (type_binding name: (_) @name) .) @definition.type
(type_binding name: (_) @name body: (record_declaration) @body) @definition.struct
(type_binding name: (_) @name body: (variant_declaration) @body) @definition.enum
(type_binding name: (_) @name) @definition.type
(exception_definition (constructor_declaration (constructor_name) @name)) @definition.type
(constructor_declaration (constructor_name) @name) @definition.constant
(field_declaration (field_name) @name) @definition.field

(class_definition (class_binding (class_name) @name body: (_)? @body)) @definition.class
(class_type_definition (class_type_binding (class_type_name) @name body: (_)? @body)) @definition.interface
(method_definition (method_name) @name) @definition.method
(method_specification (method_name) @name) @definition.method
(instance_variable_definition (instance_variable_name) @name) @definition.field

; Anchored to these parents, since a `let ... in` is local.
[(compilation_unit (value_definition . (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] (parameter) body: (_) @body) .) @definition.function)
 (structure (value_definition . (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] (parameter) body: (_) @body) .) @definition.function)]
[(compilation_unit (value_definition . (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] body: [(function_expression) (fun_expression)] @body) .) @definition.function)
 (structure (value_definition . (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] body: [(function_expression) (fun_expression)] @body) .) @definition.function)]
[(compilation_unit (value_definition (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] (parameter) body: (_) @body) @definition.function))
 (structure (value_definition (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] (parameter) body: (_) @body) @definition.function))]
[(compilation_unit (value_definition (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] body: [(function_expression) (fun_expression)] @body) @definition.function))
 (structure (value_definition (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)] body: [(function_expression) (fun_expression)] @body) @definition.function))]
[(compilation_unit (value_definition . (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)]) .) @definition.constant)
 (structure (value_definition . (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)]) .) @definition.constant)]
[(compilation_unit (value_definition (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)]) @definition.constant))
 (structure (value_definition (let_binding pattern: [(value_name) @name (parenthesized_operator (_) @name)]) @definition.constant))]
(external (value_name) @name) @definition.function
(value_specification [(value_name) @name (parenthesized_operator (_) @name)] type: (function_type)) @definition.function
(value_specification (value_name) @name) @definition.constant
