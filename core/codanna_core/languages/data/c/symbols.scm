(preproc_def name: (identifier) @name) @definition.macro
(preproc_function_def name: (identifier) @name) @definition.macro

; `(_ ...)` stands for pointers and parentheses around the declared name.
(function_definition
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (_ (function_declarator declarator: (identifier) @name))
    (_ (_ (function_declarator declarator: (identifier) @name)))
    (function_declarator declarator: (_ (function_declarator declarator: (identifier) @name)))
    (function_declarator declarator: (_ (_ (function_declarator declarator: (identifier) @name))))
    ; `static int (name)(void)` keeps a macro of the same name from expanding.
    (function_declarator declarator: (_ (identifier) @name))
  ]
  body: (_) @body) @definition.function

(struct_specifier name: (_) @name body: (_) @body) @definition.struct
(union_specifier name: (_) @name body: (_) @body) @definition.struct
(enum_specifier name: (_) @name body: (_) @body) @definition.enum
(enumerator name: (identifier) @name) @definition.constant

(field_declaration declarator: [
  (field_identifier) @name
  (_ (field_identifier) @name)
  (_ (_ (field_identifier) @name))
  (_ (_ (_ (field_identifier) @name)))
  (_ (_ (_ (_ (field_identifier) @name))))
]) @definition.field

; An unnamed struct takes the name that its typedef gives it.
(type_definition type: (struct_specifier !name body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (union_specifier !name body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @definition.enum
(type_definition declarator: [
  (type_identifier) @name
  (_ declarator: (type_identifier) @name)
  (_ declarator: (_ (type_identifier) @name))
  (_ declarator: (_ (_ (type_identifier) @name)))
  (_ declarator: (_ declarator: (_ (_ (type_identifier) @name))))
]) @definition.type

; Prototypes and variables, where they are no locals: at the top, under #if, in `extern "C"` blocks.
(translation_unit (declaration
  declarator: [(function_declarator declarator: (identifier) @name) (_ (function_declarator declarator: (identifier) @name)) (_ (_ (function_declarator declarator: (identifier) @name)))]) @definition.function)
(preproc_ifdef (declaration
  declarator: [(function_declarator declarator: (identifier) @name) (_ (function_declarator declarator: (identifier) @name)) (_ (_ (function_declarator declarator: (identifier) @name)))]) @definition.function)
(preproc_if (declaration
  declarator: [(function_declarator declarator: (identifier) @name) (_ (function_declarator declarator: (identifier) @name)) (_ (_ (function_declarator declarator: (identifier) @name)))]) @definition.function)
(declaration_list (declaration
  declarator: [(function_declarator declarator: (identifier) @name) (_ (function_declarator declarator: (identifier) @name)) (_ (_ (function_declarator declarator: (identifier) @name)))]) @definition.function)
(translation_unit (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
      (_ declarator: (_ (_ declarator: (identifier) @name)))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
    (_ declarator: (_ (_ declarator: (identifier) @name)))
  ]) @definition.variable)
(preproc_ifdef (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
      (_ declarator: (_ (_ declarator: (identifier) @name)))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
    (_ declarator: (_ (_ declarator: (identifier) @name)))
  ]) @definition.variable)
(preproc_if (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
      (_ declarator: (_ (_ declarator: (identifier) @name)))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
    (_ declarator: (_ (_ declarator: (identifier) @name)))
  ]) @definition.variable)
(declaration_list (declaration
  declarator: [
    (init_declarator declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
      (_ declarator: (_ (_ declarator: (identifier) @name)))
    ] value: (_) @body)
    (identifier) @name
    (_ declarator: (identifier) @name)
    (_ declarator: (_ declarator: (identifier) @name))
    (_ declarator: (_ (_ declarator: (identifier) @name)))
  ]) @definition.variable)
