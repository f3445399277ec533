(function_declaration name: (identifier) @name) @definition.function
(generator_function_declaration name: (identifier) @name) @definition.function
(function_signature name: (identifier) @name) @definition.function
(class_declaration name: (type_identifier) @name) @definition.class
(abstract_class_declaration name: (type_identifier) @name) @definition.class
(interface_declaration name: (type_identifier) @name) @definition.interface
(enum_declaration name: (identifier) @name) @definition.enum
(enum_body (property_identifier) @name @definition.constant)
(enum_body (enum_assignment name: (_) @name) @definition.constant)
(internal_module name: (_) @name) @definition.module
(module name: (_) @name) @definition.module

(method_definition name: (_) @name) @definition.method
(abstract_method_signature name: (_) @name) @definition.method
(method_signature name: (_) @name) @definition.method
(public_field_definition name: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method
(class_body (public_field_definition name: (_) @name) @definition.field)
(interface_body (property_signature name: (_) @name) @definition.field)
(type_alias_declaration value: (object_type (property_signature name: (_) @name) @definition.field))
(type_alias_declaration name: (type_identifier) @name value: (object_type) @body) @definition.type
(type_alias_declaration name: (type_identifier) @name) @definition.type

; Functions and classes that get their name from what they are assigned to.
(lexical_declaration (variable_declarator
  name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)])) @definition.function
(variable_declaration (variable_declarator
  name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @definition.function
(lexical_declaration (variable_declarator name: (identifier) @name value: (class body: (_) @body))) @definition.class
(assignment_expression
  left: (member_expression object: (_) @_object property: (property_identifier) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]
  (#match? @_object "^(module\\.)?exports$")) @definition.function
(assignment_expression
  left: (member_expression object: (identifier) @container property: (property_identifier) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method
(assignment_expression
  left: (member_expression object: (this) property: (property_identifier) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method
(pair
  key: [(property_identifier) (string)] @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method

(program (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @body)) @definition.constant
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @body)) @definition.constant)
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(program (ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @body)) @definition.constant)
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(internal_module body: (statement_block (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @body)) @definition.constant)
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(internal_module body: (statement_block (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @body)) @definition.constant))
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(module body: (statement_block (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @body)) @definition.constant)
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(module body: (statement_block (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: (_) @body)) @definition.constant))
  (#match? @name "^[A-Z][A-Z0-9_]*$"))
(program (lexical_declaration (variable_declarator name: (identifier) @name value: [(object) (array)]? @body)) @definition.variable)
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: [(object) (array)]? @body)) @definition.variable))
(program (ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name value: [(object) (array)]? @body)) @definition.variable))
(internal_module body: (statement_block (lexical_declaration (variable_declarator name: (identifier) @name value: [(object) (array)]? @body)) @definition.variable))
(internal_module body: (statement_block (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: [(object) (array)]? @body)) @definition.variable)))
(module body: (statement_block (lexical_declaration (variable_declarator name: (identifier) @name value: [(object) (array)]? @body)) @definition.variable))
(module body: (statement_block (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: [(object) (array)]? @body)) @definition.variable)))
(program (variable_declaration (variable_declarator name: (identifier) @name)) @definition.variable)
(program (export_statement (variable_declaration (variable_declarator name: (identifier) @name)) @definition.variable))
(program (ambient_declaration (variable_declaration (variable_declarator name: (identifier) @name)) @definition.variable))
