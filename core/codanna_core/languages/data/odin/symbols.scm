(procedure_declaration (identifier) @name (procedure (block)? @body)) @definition.function
(overloaded_procedure_declaration (identifier) @name) @definition.function
(struct_declaration (identifier) @name . "::" "{" @body) @definition.struct
(union_declaration (identifier) @name . "::" "{" @body) @definition.struct
(enum_declaration (identifier) @name . "::" "{" @body) @definition.enum
(bit_field_declaration (identifier) @name . "::" "{" @body) @definition.struct
(enum_declaration "{" (identifier) @name @definition.constant)
(struct_declaration (field . (identifier) @name) @definition.field)
(source_file (const_declaration (identifier) @name . "::" [(distinct_type) (type)]) @definition.type)
(source_file (const_declaration (identifier) @name . "::") @definition.constant)
(source_file (const_type_declaration (identifier) @name) @definition.constant)
(source_file (variable_declaration . (identifier) @name) @definition.variable)
(source_file (var_declaration . (identifier) @name) @definition.variable)
