; Templates first, so that the template head is part of the span and the signature.
(template_declaration (class_specifier name: [(type_identifier) @name (_ name: (type_identifier) @name)] body: (_) @body)) @definition.class
(template_declaration (struct_specifier name: [(type_identifier) @name (_ name: (type_identifier) @name)] body: (_) @body)) @definition.struct
(template_declaration (alias_declaration name: (type_identifier) @name)) @definition.type
(template_declaration (concept_definition name: (identifier) @name)) @definition.interface
; Out-of-line definitions: `A::b` is split into container and name. `(_ ...)` stands for pointers and references.
(template_declaration (function_definition
  declarator: [(function_declarator declarator: (qualified_identifier) @name) (_ (function_declarator declarator: (qualified_identifier) @name)) (_ (_ (function_declarator declarator: (qualified_identifier) @name)))]
  body: (_) @body)) @definition.method
(template_declaration (function_definition
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]
  body: (_) @body)) @definition.function
(function_definition
  declarator: [(function_declarator declarator: (qualified_identifier) @name) (_ (function_declarator declarator: (qualified_identifier) @name)) (_ (_ (function_declarator declarator: (qualified_identifier) @name)))]
  body: (_) @body) @definition.method
(function_definition declarator: (qualified_identifier) @name body: (_) @body) @definition.method
(function_definition declarator: (operator_cast "operator" @name) body: (_) @body) @definition.method
; `= default` and `= delete` have no body.
(function_definition
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]
  body: (_)? @body) @definition.function
; Only declared here.
(field_declaration
  declarator: [(function_declarator declarator: [(field_identifier) (operator_name) (destructor_name)] @name) (_ (function_declarator declarator: [(field_identifier) (operator_name) (destructor_name)] @name)) (_ (_ (function_declarator declarator: [(field_identifier) (operator_name) (destructor_name)] @name)))]) @definition.method
(field_declaration_list (declaration
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]) @definition.method)
(template_declaration (declaration
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))])) @definition.function
(translation_unit (declaration
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]) @definition.function)
(preproc_ifdef (declaration
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]) @definition.function)
(preproc_if (declaration
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]) @definition.function)
(declaration_list (declaration
  declarator: [(function_declarator declarator: (_) @name) (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]) @definition.function)

(preproc_def name: (identifier) @name) @definition.macro
(preproc_function_def name: (identifier) @name) @definition.macro
(namespace_definition name: (_) @name) @definition.module
(class_specifier name: [(_ !name) @name (template_type name: (_) @name)] body: (_) @body) @definition.class
(struct_specifier name: [(_ !name) @name (template_type name: (_) @name)] body: (_) @body) @definition.struct
(union_specifier name: (_) @name body: (_) @body) @definition.struct
(enum_specifier name: (_) @name body: (_) @body) @definition.enum
(enumerator name: (identifier) @name) @definition.constant
(concept_definition name: (identifier) @name) @definition.interface
(alias_declaration name: (type_identifier) @name) @definition.type
(field_declaration declarator: [
  (field_identifier) @name
  (_ (field_identifier) @name)
  (_ (_ (field_identifier) @name))
  (_ (_ (_ (field_identifier) @name)))
]) @definition.field
; An unnamed struct takes the name that its typedef gives it.
(type_definition type: (struct_specifier !name body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (union_specifier !name body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @definition.enum
(type_definition declarator: [
  (type_identifier) @name
  (_ (type_identifier) @name)
  (_ (_ (type_identifier) @name))
  (_ (_ (_ (type_identifier) @name)))
]) @definition.type
(translation_unit (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ (identifier) @name)
      (_ (_ (identifier) @name))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
  ]) @definition.variable)
(preproc_ifdef (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ (identifier) @name)
      (_ (_ (identifier) @name))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
  ]) @definition.variable)
(preproc_if (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ (identifier) @name)
      (_ (_ (identifier) @name))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
  ]) @definition.variable)
(declaration_list (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ (identifier) @name)
      (_ (_ (identifier) @name))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
  ]) @definition.variable)
