((class_name_statement name: (name) @name) @definition.class @file_scope
  . (extends_statement)? . (comment)+ @doc
  (#match? @doc "^##"))
(class_name_statement name: (name) @name) @definition.class @file_scope
(class_definition name: (name) @name body: (_) @body) @definition.class
(function_definition name: (name) @name) @definition.function
(constructor_definition "_init" @name) @definition.method
(signal_statement name: (name) @name) @definition.field
(enum_definition name: (name) @name body: (_) @body) @definition.enum
(enumerator left: (identifier) @name) @definition.constant
(const_statement name: (name) @name) @definition.constant
(source (variable_statement name: (name) @name setget: (_)? @body) @definition.field)
(class_body (variable_statement name: (name) @name setget: (_)? @body) @definition.field)
