(module_declaration . (module_header (simple_identifier) @name) . (_) . (_) @body) @definition.module
(module_declaration . (module_header (simple_identifier) @name)) @definition.module
(interface_declaration . (_ (interface_identifier) @name) . (_)? @body) @definition.interface
(program_declaration . (_ (program_identifier) @name) . (_)? @body) @definition.module
(package_declaration . (package_identifier) @name . (_)? @body) @definition.module
(class_declaration . (class_identifier) @name (class_item)? @body) @definition.class
(function_declaration
  (function_body_declaration (function_identifier) @name (function_statement_or_null)? @body)) @definition.function
(task_declaration (task_body_declaration . (task_identifier) @name (statement_or_null)? @body)) @definition.function
(class_constructor_declaration . "new" @name) @definition.method
(type_declaration (data_type (struct_union)) (simple_identifier) @name .) @definition.struct
(type_declaration (data_type (enum_name_declaration)) (simple_identifier) @name .) @definition.enum
(type_declaration (simple_identifier) @name .) @definition.type
(enum_name_declaration . (_) @name) @definition.constant
(struct_union_member (list_of_variable_decl_assignments (variable_decl_assignment . (simple_identifier) @name))) @definition.field
(class_property
  (data_declaration (list_of_variable_decl_assignments (variable_decl_assignment . (simple_identifier) @name)))) @definition.field
(constraint_declaration (constraint_identifier) @name) @definition.field
(parameter_declaration (list_of_param_assignments (param_assignment . (parameter_identifier) @name))) @definition.constant
(local_parameter_declaration (list_of_param_assignments (param_assignment . (parameter_identifier) @name))) @definition.constant
(text_macro_definition (text_macro_name (text_macro_identifier) @name)) @definition.macro
