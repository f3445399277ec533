[(identifier) (type_identifier) (property_identifier) (private_property_identifier) (shorthand_property_identifier)] @name
(pair key: (property_identifier) @skip)
(import_specifier name: (identifier) @skip)
(export_specifier alias: (identifier) @skip)
(labeled_statement (statement_identifier) @skip)
(method_definition name: (property_identifier) @skip)

[(statement_block) (function_declaration) (generator_function_declaration) (function_expression)
 (generator_function) (arrow_function) (method_definition) (class_declaration) (abstract_class_declaration) (class) (class_body) (interface_declaration) (type_alias_declaration) (internal_module)
 (for_statement) (for_in_statement) (catch_clause) (switch_body)] @scope

(import_statement) @import.line
(export_statement) @export
[(function_declaration) (generator_function_declaration)] @function
[(function_expression) (generator_function) (arrow_function)] @literal
[(class_declaration) (abstract_class_declaration) (class) (interface_declaration)] @class
[(method_definition) (method_signature) (abstract_method_signature)] @method
(function_signature) @function
[(public_field_definition) (property_signature)] @field
(enum_declaration) @enum
(type_alias_declaration) @alias
(internal_module) @module
(variable_declarator) @variable
(assignment_expression) @assign
(for_in_statement) @for
(catch_clause) @catch
(return_statement (_)) @return

(call_expression function: (identifier) @call)
(call_expression function: (member_expression property: (property_identifier) @call))
(call_expression function: (member_expression property: (private_property_identifier) @call))
(call_expression function: (parenthesized_expression (identifier) @call))
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression property: (property_identifier) @call))
(import_specifier alias: (identifier) @import)
(arguments (identifier) @value)
(shorthand_property_identifier) @value
(public_field_definition name: (property_identifier) @skip)
(property_signature name: (property_identifier) @skip)
(method_signature name: (property_identifier) @skip)
(type_identifier) @type
(class_heritage (extends_clause value: (identifier) @inherit))
(decorator (identifier) @decorator)
(decorator (call_expression function: (identifier) @decorator))
