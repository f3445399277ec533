[(identifier) (type_identifier) (field_identifier)] @name
(shorthand_field_initializer (identifier) @write)
(field_initializer field: (field_identifier) @key)
(field_pattern name: (field_identifier) @skip)

[(block) (function_item) (closure_expression) (match_arm) (impl_item) (trait_item) (for_expression) (if_expression)
 (while_expression) (mod_item) (struct_item) (enum_item)] @scope

(use_declaration) @import.line
(mod_item) @module
[(struct_item) (enum_item) (union_item) (trait_item)] @class
(enum_variant) @variant
(type_item) @alias
(associated_type) @associated
(impl_item) @impl
[(function_item) (function_signature_item)] @function
(field_declaration) @field
[(const_item) (static_item)] @constant
(let_declaration) @let
(let_condition) @let
(match_expression) @match
(for_expression) @for
(closure_expression) @closure
(macro_definition) @macro

(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
(call_expression function: (scoped_identifier name: (identifier) @call))
(call_expression function: (generic_function function: (identifier) @call))
(call_expression function: (generic_function function: (field_expression field: (field_identifier) @call)))
(call_expression function: (generic_function function: (scoped_identifier name: (identifier) @call)))
(macro_invocation macro: (identifier) @call)
(macro_invocation macro: (scoped_identifier name: (identifier) @call))
(arguments (identifier) @value)
(type_identifier) @type
(use_declaration argument: (identifier) @import)
(use_declaration argument: (scoped_identifier name: (identifier) @import))
(use_list (identifier) @import)
(use_list (scoped_identifier name: (identifier) @import))
(use_as_clause alias: (identifier) @import)
