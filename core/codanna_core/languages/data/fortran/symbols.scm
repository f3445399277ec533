(module . (module_statement (name) @name) . (_) @body) @definition.module
(submodule . (submodule_statement (name) @name) . (_) @body) @definition.module
(program . (program_statement (name) @name) . (_) @body) @definition.module
(subroutine . (subroutine_statement name: (name) @name) . (_) @body) @definition.function
(function . (function_statement name: (name) @name) . (_) @body) @definition.function
(module_procedure . (module_procedure_statement name: (name) @name) . (_) @body) @definition.function
(derived_type_definition . (derived_type_statement (type_name) @name) . (_) @body) @definition.class
(derived_type_definition
  (variable_declaration
    declarator: [
      (identifier) @name
      (init_declarator left: (identifier) @name)
      (sized_declarator . (identifier) @name)]) @definition.field)
(derived_type_procedures (procedure_statement declarator: (binding (binding_name) @name)) @definition.method)
(derived_type_procedures
  (procedure_statement (procedure_kind) @_kind declarator: (method_name) @name) @definition.method
  (#match? @_kind "(?i)^procedure"))
(interface . (interface_statement (name) @name) . (_) @body) @definition.interface
(enumerator_statement declarator: [(identifier) @name (init_declarator left: (identifier) @name)]) @definition.constant
(module
  (variable_declaration
    attribute: (type_qualifier) @_qualifier
    declarator: (init_declarator left: (identifier) @name)) @definition.constant
  (#match? @_qualifier "(?i)^parameter"))
(module
  (variable_declaration
    declarator: [
      (identifier) @name
      (init_declarator left: (identifier) @name)
      (sized_declarator . (identifier) @name)]) @definition.variable)
