; The signature of a class ends where its members begin.
(class_interface . (identifier) @name
  [(instance_variables) (property_declaration) (method_declaration)]? @body) @definition.class
(class_implementation . (identifier) @name
  [(instance_variables) (implementation_definition)]? @body) @definition.class
(protocol_declaration . (identifier) @name
  [(property_declaration) (method_declaration) (qualified_protocol_interface_declaration)]? @body) @definition.interface

(method_declaration (method_type) . (identifier) @name) @definition.method
(method_definition (method_type) . (identifier) @name (compound_statement) @body) @definition.method
(property_declaration (struct_declaration (struct_declarator [
  (identifier) @name
  (_ declarator: (identifier) @name)
  (_ (_ declarator: (identifier) @name))
]))) @definition.field
(instance_variable (struct_declaration (struct_declarator [
  (identifier) @name
  (_ declarator: (identifier) @name)
]))) @definition.field

; `typedef NS_ENUM(NSInteger, Name) { A, B };` is a macro call to the grammar.
(type_definition type: (macro_type_specifier (ERROR (identifier) @name))) @definition.enum
(type_definition type: (macro_type_specifier) declarator: (type_identifier) @name @definition.constant)
