(named_module name: (long_identifier) @name . (_) @body) @definition.module
(namespace name: (long_identifier) @name . (_) @body) @definition.module
(module_defn (identifier) @name block: (_)? @body) @definition.module

; A type alone in its definition keeps the word `type` in its signature; of several joined by `and` each is its own.
[(type_definition . (record_type_defn (type_name type_name: (_) @name) block: "{" @body) .)
  (type_definition . (attributes) . (record_type_defn (type_name type_name: (_) @name) block: "{" @body) .)] @definition.struct
[(type_definition . (union_type_defn (type_name type_name: (_) @name) block: (_) @body) .)
  (type_definition . (attributes) . (union_type_defn (type_name type_name: (_) @name) block: (_) @body) .)] @definition.enum
[(type_definition . (enum_type_defn (type_name type_name: (_) @name)) .)
  (type_definition . (attributes) . (enum_type_defn (type_name type_name: (_) @name)) .)] @definition.enum
[(type_definition . (type_abbrev_defn (type_name type_name: (_) @name)) .)
  (type_definition . (attributes) . (type_abbrev_defn (type_name type_name: (_) @name)) .)] @definition.type
[(type_definition . (delegate_type_defn (type_name type_name: (_) @name)) .)
  (type_definition . (attributes) . (delegate_type_defn (type_name type_name: (_) @name)) .)] @definition.type
[(type_definition . (anon_type_defn (type_name type_name: (_) @name) (primary_constr_args) block: (_) @body) .)
  (type_definition . (attributes) . (anon_type_defn (type_name type_name: (_) @name) (primary_constr_args) block: (_) @body) .)] @definition.class
[(type_definition . (anon_type_defn (type_name type_name: (_) @name) . block: (type_extension_elements (member_defn (member_signature))) @body) .)
  (type_definition . (attributes) . (anon_type_defn (type_name type_name: (_) @name) . block: (type_extension_elements (member_defn (member_signature))) @body) .)] @definition.interface
[(type_definition . (anon_type_defn (type_name type_name: (_) @name) block: (_) @body) .)
  (type_definition . (attributes) . (anon_type_defn (type_name type_name: (_) @name) block: (_) @body) .)] @definition.class
(record_type_defn (type_name type_name: (_) @name) block: "{" @body) @definition.struct
(union_type_defn (type_name type_name: (_) @name) block: (_) @body) @definition.enum
(enum_type_defn (type_name type_name: (_) @name)) @definition.enum
(type_abbrev_defn (type_name type_name: (_) @name)) @definition.type
(anon_type_defn (type_name type_name: (_) @name) . block: (type_extension_elements (member_defn (member_signature))) @body) @definition.interface
(anon_type_defn (type_name type_name: (_) @name) block: (_) @body) @definition.class
(type_extension (type_name type_name: (_) @name)) @scope

(union_type_case . (identifier) @name) @definition.constant
(enum_type_case . (identifier) @name) @definition.constant
(record_field . (identifier) @name) @definition.field
(exception_definition exception_name: (long_identifier) @name) @definition.type

(member_defn (member_signature (identifier) @name)) @definition.method
(member_defn (method_or_prop_defn name: (property_or_ident method: (identifier) @name) args: (_) (_) @body .)) @definition.method
(member_defn (method_or_prop_defn name: (property_or_ident . (_) @name .) args: (_) (_) @body .)) @definition.method
(member_defn (method_or_prop_defn name: (property_or_ident method: (identifier) @name) . (_) @body .)) @definition.field
(member_defn (method_or_prop_defn name: (property_or_ident . (_) @name .) . (_) @body .)) @definition.field
(type_extension_elements
  (function_or_value_defn
    (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_) @body) @definition.field)

; Anchored to these parents, since a `let` elsewhere is local.
[(file (declaration_expression (function_or_value_defn (function_declaration_left (access_modifier)? . [(identifier) (op_identifier) (active_pattern)] @name) body: (_) @body)) @definition.function)
 (namespace (declaration_expression (function_or_value_defn (function_declaration_left (access_modifier)? . [(identifier) (op_identifier) (active_pattern)] @name) body: (_) @body)) @definition.function)
 (named_module (declaration_expression (function_or_value_defn (function_declaration_left (access_modifier)? . [(identifier) (op_identifier) (active_pattern)] @name) body: (_) @body)) @definition.function)
 (module_defn (declaration_expression (function_or_value_defn (function_declaration_left (access_modifier)? . [(identifier) (op_identifier) (active_pattern)] @name) body: (_) @body)) @definition.function)]
[(file (declaration_expression (attributes (attribute) @_literal) (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_)) (#eq? @_literal "Literal")) @definition.constant)
 (namespace (declaration_expression (attributes (attribute) @_literal) (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_)) (#eq? @_literal "Literal")) @definition.constant)
 (named_module (declaration_expression (attributes (attribute) @_literal) (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_)) (#eq? @_literal "Literal")) @definition.constant)
 (module_defn (declaration_expression (attributes (attribute) @_literal) (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_)) (#eq? @_literal "Literal")) @definition.constant)]
[(file (declaration_expression (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_) @body)) @definition.variable)
 (namespace (declaration_expression (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_) @body)) @definition.variable)
 (named_module (declaration_expression (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_) @body)) @definition.variable)
 (module_defn (declaration_expression (function_or_value_defn (value_declaration_left (identifier_pattern (long_identifier_or_op (identifier) @name))) body: (_) @body)) @definition.variable)]
(type_extension_elements (function_or_value_defn (function_declaration_left (access_modifier)? . [(identifier) (op_identifier) (active_pattern)] @name) body: (_) @body) @definition.method)
