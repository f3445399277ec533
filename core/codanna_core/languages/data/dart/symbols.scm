(class_definition name: (identifier) @name body: (_) @body) @definition.class
(mixin_declaration (identifier) @name (class_body) @body) @definition.trait
(extension_declaration name: (identifier) @name body: (_) @body) @definition.class
(extension_type_declaration name: (identifier) @name body: (_) @body) @definition.class
(enum_declaration name: (identifier) @name body: (_) @body) @definition.enum
(enum_constant name: (identifier) @name) @definition.constant
(type_alias . (type_identifier) @name) @definition.type

; A signature and its body are siblings.
(program (function_signature name: (identifier) @name) @definition.function . (function_body)? @body @end)
(program (getter_signature name: (identifier) @name) @definition.function . (function_body)? @body @end)
(program (setter_signature name: (identifier) @name) @definition.function . (function_body)? @body @end)
((method_signature (function_signature name: (identifier) @name)) @definition.method . (function_body) @body @end)
((method_signature (getter_signature name: (identifier) @name)) @definition.method . (function_body) @body @end)
((method_signature (setter_signature name: (identifier) @name)) @definition.method . (function_body) @body @end)
((method_signature (operator_signature (binary_operator) @name)) @definition.method . (function_body) @body @end)
((method_signature (factory_constructor_signature (identifier) @name . (formal_parameter_list))) @definition.method . (function_body) @body @end)
((method_signature (constructor_signature name: (identifier) @name . parameters: (_))) @definition.method . (function_body) @body @end)
(declaration (function_signature name: (identifier) @name)) @definition.method
(declaration (getter_signature name: (identifier) @name)) @definition.method
(declaration (setter_signature name: (identifier) @name)) @definition.method
(declaration (operator_signature (binary_operator) @name)) @definition.method
(declaration (constructor_signature name: (identifier) @name . parameters: (_))) @definition.method
(declaration (constant_constructor_signature (identifier) @name . (formal_parameter_list))) @definition.method
(declaration (redirecting_factory_constructor_signature (identifier) @name . (formal_parameter_list))) @definition.method
(local_function_declaration (lambda_expression parameters: (function_signature name: (identifier) @name) body: (_) @body)) @definition.function

(declaration (initialized_identifier_list (initialized_identifier . (identifier) @name))) @definition.field
(declaration (static_final_declaration_list (static_final_declaration . (identifier) @name))) @definition.field
(program
  (const_builtin) @definition.constant . (_)? . (_)? .
  (static_final_declaration_list (static_final_declaration . (identifier) @name)) @end)
(program
  (final_builtin) @definition.variable . (_)? . (_)? .
  (static_final_declaration_list (static_final_declaration . (identifier) @name)) @end)
(program (initialized_identifier_list (initialized_identifier . (identifier) @name) @definition.variable))
(program (static_final_declaration_list (static_final_declaration . (identifier) @name) @definition.variable))
