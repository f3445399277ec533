(module_def (module_declaration (module_fqn) @name) . (_)? @body) @definition.module
(class_declaration (identifier) @name (aggregate_body)? @body) @definition.class
(interface_declaration (identifier) @name (aggregate_body)? @body) @definition.interface
(struct_declaration (identifier) @name (aggregate_body)? @body) @definition.struct
(union_declaration (identifier) @name (aggregate_body)? @body) @definition.struct
(enum_declaration (identifier) @name . (type)? . (enum_member) @body) @definition.enum
(enum_declaration (identifier) @name) @definition.enum
(enum_member . (identifier) @name) @definition.constant
(template_declaration (identifier) @name "{" @body) @definition.module
(function_declaration (identifier) @name (function_body)? @body) @definition.function
(constructor (this) @name (function_body)? @body) @definition.method
(destructor (this) @name (function_body)? @body) @definition.method
(alias_declaration (alias_initializer . (identifier) @name)) @definition.type
(manifest_constant (manifest_declarator . (identifier) @name)) @definition.constant
(enum_declaration (manifest_declarator . (identifier) @name)) @definition.constant
(aggregate_body (variable_declaration (declarator . (identifier) @name)) @definition.field)
(variable_declaration (type (type_ctor [(immutable) (const)])) (declarator . (identifier) @name)) @definition.constant
(variable_declaration (declarator . (identifier) @name)) @definition.variable
