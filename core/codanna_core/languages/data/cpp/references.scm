[(identifier) (field_identifier) (type_identifier) (namespace_identifier)] @name
(goto_statement (statement_identifier) @skip)
(preproc_params (identifier) @skip)

[(compound_statement) (function_definition) (for_statement) (struct_specifier) (union_specifier) (class_specifier)
 (for_range_loop) (lambda_expression) (namespace_definition) (if_statement) (while_statement) (catch_clause)
 (template_declaration)] @scope

(function_definition) @function
(declaration) @declaration
(field_declaration) @field
[(struct_specifier) (union_specifier) (class_specifier)] @class
(enum_specifier) @enum
(type_definition) @typedef
(alias_declaration) @alias
(namespace_definition) @namespace
(for_range_loop) @for
(lambda_expression) @lambda
(catch_clause) @catch
(using_declaration) @using
(template_declaration) @template
[(preproc_def) (preproc_function_def)] @macro

(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
(call_expression function: (qualified_identifier name: (identifier) @call))
(call_expression function: (qualified_identifier name: (qualified_identifier name: (identifier) @call)))
(call_expression function: (template_function name: (identifier) @call))
(call_expression function: (field_expression field: (template_method name: (field_identifier) @call)))
(call_expression function: (qualified_identifier name: (template_function name: (identifier) @call)))
(new_expression type: (type_identifier) @call)
(argument_list (identifier) @value)
(type_identifier) @type
(base_class_clause (type_identifier) @inherit)
(preproc_include) @include
(struct_specifier name: (type_identifier) @tag)
(union_specifier name: (type_identifier) @tag)
(enum_specifier name: (type_identifier) @tag)
