(proc_declaration
  name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]
  (documentation_comment)* @doc
  body: (_)? @body) @definition.function
(func_declaration
  name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]
  (documentation_comment)* @doc
  body: (_)? @body) @definition.function
(iterator_declaration
  name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]
  (documentation_comment)* @doc
  body: (_)? @body) @definition.function
(converter_declaration
  name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]
  (documentation_comment)* @doc
  body: (_)? @body) @definition.function
(template_declaration
  name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]
  (documentation_comment)* @doc
  body: (_)? @body) @definition.macro
(macro_declaration
  name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]
  (documentation_comment)* @doc
  body: (_)? @body) @definition.macro
(method_declaration
  name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]
  (documentation_comment)* @doc
  body: (_)? @body) @definition.method

(type_declaration
  (type_symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name])
  [(object_declaration inherits: (_)? (documentation_comment)* @doc (field_declaration_list)? @body)
   (ref_type (object_declaration inherits: (_)? (documentation_comment)* @doc (field_declaration_list)? @body))
   (pointer_type (object_declaration inherits: (_)? (documentation_comment)* @doc (field_declaration_list)? @body))]) @definition.class
(type_declaration
  (type_symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name])
  (enum_declaration (documentation_comment)* @doc (enum_field_declaration) @body)) @definition.enum
(type_declaration (type_symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]) (concept_declaration) @body) @definition.interface
((type_declaration (type_symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name])) @definition.type . (documentation_comment) @doc)
(type_declaration (type_symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name])) @definition.type
(enum_field_declaration (symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name])) @definition.constant
(object_declaration
  (field_declaration_list (field_declaration (symbol_declaration_list (symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]))) @definition.field))
(of_branch
  consequence: (field_declaration_list (field_declaration (symbol_declaration_list (symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]))) @definition.field))
(variant_discriminator_declaration (symbol_declaration_list (symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]))) @definition.field
(source_file
  (const_section (variable_declaration (symbol_declaration_list (symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]))) @definition.constant))
(source_file
  [(let_section (variable_declaration (symbol_declaration_list (symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]))) @definition.variable)
   (var_section (variable_declaration (symbol_declaration_list (symbol_declaration name: [(identifier) @name (exported_symbol (_) @name) (accent_quoted) @name]))) @definition.variable)])
