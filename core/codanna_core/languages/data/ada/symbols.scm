(package_declaration name: (_) @name "is" @body) @definition.module
(package_body name: (_) @name "is" @body) @definition.module
(subprogram_body (procedure_specification name: (_) @name) "is" @body) @definition.function
(subprogram_body (function_specification name: (_) @name) "is" @body) @definition.function
(subprogram_declaration (procedure_specification name: (_) @name)) @definition.function
(subprogram_declaration (function_specification name: (_) @name)) @definition.function
(expression_function_declaration (function_specification name: (_) @name) "is" @body) @definition.function
(generic_subprogram_declaration [(procedure_specification name: (_) @name) (function_specification name: (_) @name)]) @definition.function
(full_type_declaration . (identifier) @name [(record_type_definition) (derived_type_definition (record_extension_part))] @body) @definition.struct
(full_type_declaration . (identifier) @name (enumeration_type_definition) @body) @definition.enum
(full_type_declaration . (identifier) @name (interface_type_definition)) @definition.interface
(full_type_declaration . (identifier) @name) @definition.type
(full_type_declaration (task_type_declaration . (identifier) @name (task_definition)? @body)) @definition.class
(full_type_declaration (protected_type_declaration . (identifier) @name)) @definition.class
(private_type_declaration . (identifier) @name) @definition.type
(incomplete_type_declaration . (identifier) @name) @definition.type
(subtype_declaration . (identifier) @name) @definition.type
(enumeration_type_definition (identifier) @name @definition.constant)
(component_declaration . (identifier) @name) @definition.field
(task_body . (identifier) @name "is" @body) @definition.class
(entry_declaration . (identifier) @name) @definition.method
(exception_declaration . (identifier) @name) @definition.type
(object_declaration "constant" name: (identifier) @name) @definition.constant
(object_declaration name: (identifier) @name "constant") @definition.constant
(object_declaration name: (identifier) @name) @definition.variable
(number_declaration . (identifier) @name) @definition.constant
