(class_definition name: (identifier) @name body: (_)? @body) @definition.class
(object_definition name: (identifier) @name body: (_)? @body) @definition.class
(trait_definition name: (identifier) @name body: (_)? @body) @definition.trait
(enum_definition name: (identifier) @name body: (_) @body) @definition.enum
(simple_enum_case name: (identifier) @name) @definition.constant
(full_enum_case name: (identifier) @name) @definition.constant
(package_object name: (identifier) @name body: (_) @body) @definition.module
(given_definition name: (identifier) @name body: (_)? @body) @definition.variable
(type_definition name: (type_identifier) @name) @definition.type

(function_definition name: [(identifier) (operator_identifier)] @name body: (_) @body) @definition.function
(function_declaration name: [(identifier) (operator_identifier)] @name) @definition.function

(template_body (val_definition pattern: (identifier) @name value: (_) @body) @definition.constant
  (#match? @name "^[A-Z]"))
(template_body (val_definition pattern: (identifier) @name value: (_) @body) @definition.field)
(template_body (var_definition pattern: (identifier) @name value: (_) @body) @definition.field)
(template_body (val_declaration name: (identifier) @name) @definition.field)
(template_body (var_declaration name: (identifier) @name) @definition.field)
(class_parameter ["val" "var"] name: (identifier) @name) @definition.field
; The parameters of a case class are its fields.
(class_definition "case" class_parameters: (class_parameters
  (class_parameter name: (identifier) @name) @definition.field))
(compilation_unit (val_definition pattern: (identifier) @name value: (_) @body) @definition.variable)
(compilation_unit (var_definition pattern: (identifier) @name value: (_) @body) @definition.variable)
