[(identifier) (field_identifier) (type_identifier)] @name
(package_clause (package_identifier) @package)
(package_identifier) @name
(package_clause (package_identifier) @skip)
(import_spec name: (package_identifier) @skip)
(keyed_element key: (literal_element (identifier) @key @write))

[(block) (function_declaration) (method_declaration) (func_literal) (for_statement) (if_statement)
 (expression_switch_statement) (type_switch_statement) (select_statement)
 (expression_case) (default_case) (type_case) (communication_case)] @scope

(import_spec) @import.spec
[(function_declaration) (method_declaration) (method_elem)] @function
(func_literal) @literal
[(type_spec) (type_alias)] @type.spec
(short_var_declaration) @short
[(var_spec) (const_spec)] @var
(range_clause) @range
(type_switch_statement) @type.switch

(call_expression function: (identifier) @call)
(call_expression function: (selector_expression field: (field_identifier) @call))
(call_expression function: (parenthesized_expression (identifier) @call))
(type_identifier) @type
