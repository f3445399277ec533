(entity_declaration name: (_) @name "is" @body) @definition.interface
(architecture_body name: (_) @name "is" @body) @definition.module
(package_declaration name: (_) @name "is" @body) @definition.module
(package_body package: (_) @name "is" @body) @definition.module
(component_declaration name: (_) @name [(generic_clause) (port_clause)]? @body) @definition.interface
(function_body designator: (_) @name "is" @body) @definition.function
(function_declaration designator: (_) @name) @definition.function
(procedure_body designator: (_) @name "is" @body) @definition.function
(procedure_declaration designator: (_) @name) @definition.function
(process_statement (label (identifier) @name) "begin" @body) @definition.function
(full_type_declaration name: (_) @name (record_type_definition)) @definition.struct
(full_type_declaration name: (_) @name (enumeration_type_definition) @body) @definition.enum
(full_type_declaration name: (_) @name) @definition.type
(subtype_declaration name: (_) @name) @definition.type
(enumeration_type_definition literal: (_) @name @definition.constant)
(element_declaration (identifier_list (identifier) @name)) @definition.field
(constant_declaration (identifier_list (identifier) @name)) @definition.constant
(architecture_body
  (declarative_part (signal_declaration (identifier_list (identifier) @name)) @definition.variable))
