(module_declaration name: (_) @name) @definition.module @file_scope
(type_alias_declaration name: (_) @name typeExpression: (type_expression . part: (record_type) .) @body) @definition.struct
(type_alias_declaration name: (_) @name) @definition.type
(type_declaration name: (_) @name (eq) @body) @definition.enum
(union_variant name: (_) @name) @definition.constant
(type_alias_declaration
  typeExpression: (type_expression (record_type (field_type name: (_) @name) @definition.field)))
(file (type_annotation name: (_) @name typeExpression: (type_expression (arrow))) @definition.function)
(file (type_annotation name: (_) @name) @definition.constant)
(file (value_declaration (function_declaration_left . (lower_case_identifier) @name (_)) body: (_) @body) @definition.function)
(file (value_declaration (function_declaration_left . (lower_case_identifier) @name) body: (_) @body) @definition.constant)
(port_annotation name: (_) @name) @definition.function
