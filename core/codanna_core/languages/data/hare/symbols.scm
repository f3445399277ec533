(function_declaration name: (_) @name) @definition.function
(type_declaration (identifier) @name . (struct_type) @body) @definition.struct
(type_declaration (identifier) @name . (union_type) @body) @definition.struct
(type_declaration (identifier) @name . (enum_type) @body) @definition.enum
(type_declaration (identifier) @name) @definition.type
(field . (identifier) @name) @definition.field
(enum_field . (identifier) @name) @definition.constant
(constant_declaration . (identifier) @name) @definition.constant
(declarations (global_declaration (global_binding . (identifier) @name)) @definition.variable)
