[(identifier) (field_identifier) (type_identifier)] @name
(goto_statement (statement_identifier) @skip)
(preproc_params (identifier) @skip)

[(compound_statement) (function_definition) (for_statement) (struct_specifier) (union_specifier)] @scope

(function_definition) @function
(declaration) @declaration
(field_declaration) @field
[(struct_specifier) (union_specifier)] @class
(enum_specifier) @enum
(type_definition) @typedef
[(preproc_def) (preproc_function_def)] @macro

(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
(call_expression function: (parenthesized_expression (identifier) @call))
(call_expression function: (parenthesized_expression (pointer_expression (identifier) @call)))
(call_expression function: (parenthesized_expression (pointer_expression (field_expression field: (field_identifier) @call))))
(argument_list (identifier) @value)
(argument_list (pointer_expression (identifier) @value))
(initializer_pair value: (identifier) @value)
(initializer_list (identifier) @value)
(type_identifier) @type
(preproc_include) @include
(struct_specifier name: (type_identifier) @tag)
(union_specifier name: (type_identifier) @tag)
(enum_specifier name: (type_identifier) @tag)
