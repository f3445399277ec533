(class_declaration "interface" (type_identifier) @name (class_body)? @body) @definition.interface
(class_declaration "enum" (type_identifier) @name (enum_class_body)? @body) @definition.enum
(class_declaration (type_identifier) @name (class_body)? @body) @definition.class
(object_declaration (type_identifier) @name (class_body)? @body) @definition.class
(companion_object (type_identifier) @name (class_body)? @body) @definition.class
(enum_entry (simple_identifier) @name (class_body)? @body) @definition.constant
(type_alias (type_identifier) @name) @definition.type

; An extension function belongs to the type that it extends.
(function_declaration
  receiver: (receiver_type (user_type . (type_identifier) @container))
  (simple_identifier) @name (function_body)? @body) @definition.function
(function_declaration (simple_identifier) @name (function_body)? @body) @definition.function
(secondary_constructor "constructor" @name (statements)? @body) @definition.method

(property_declaration (modifiers (property_modifier) @_const)
  (variable_declaration . (simple_identifier) @name)
  (#eq? @_const "const")) @definition.constant
(class_body (property_declaration (variable_declaration . (simple_identifier) @name) [(getter) (property_delegate)]? @body) @definition.field)
(enum_class_body (property_declaration (variable_declaration . (simple_identifier) @name) [(getter) (property_delegate)]? @body) @definition.field)
(primary_constructor (class_parameter (binding_pattern_kind) (simple_identifier) @name) @definition.field)
(source_file (property_declaration (variable_declaration . (simple_identifier) @name) [(getter) (property_delegate)]? @body) @definition.variable)
