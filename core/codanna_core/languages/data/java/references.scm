[(identifier) (type_identifier)] @name
(package_declaration (_) @package)
(package_declaration (identifier) @skip)
(package_declaration (scoped_identifier (identifier) @skip))
(element_value_pair key: (identifier) @skip)
(labeled_statement (identifier) @skip)
(break_statement (identifier) @skip)
(continue_statement (identifier) @skip)

[(block) (constructor_body) (method_declaration) (constructor_declaration) (compact_constructor_declaration)
 (lambda_expression) (for_statement) (enhanced_for_statement) (catch_clause) (try_with_resources_statement)
 (switch_block_statement_group) (switch_rule) (class_body) (interface_body) (enum_body) (annotation_type_body)
 (class_declaration) (interface_declaration) (record_declaration) (enum_declaration)] @scope

(import_declaration) @import.line
[(class_declaration) (interface_declaration) (enum_declaration) (record_declaration)
 (annotation_type_declaration)] @class
(object_creation_expression (class_body)) @anonymous
[(method_declaration) (constructor_declaration) (compact_constructor_declaration)
 (annotation_type_element_declaration)] @function
[(field_declaration) (constant_declaration)] @field
(enum_constant) @constant
(local_variable_declaration) @local
(enhanced_for_statement) @for
(resource name: (identifier)) @resource
(catch_formal_parameter) @catch
(lambda_expression) @lambda
(instanceof_expression name: (identifier)) @instanceof
[(type_pattern) (record_pattern_component)] @pattern

(method_invocation name: (identifier) @call)
(object_creation_expression type: (type_identifier) @call)
(object_creation_expression type: (generic_type (type_identifier) @call))
(object_creation_expression type: (scoped_type_identifier (type_identifier) @call .))
(object_creation_expression type: (generic_type (scoped_type_identifier (type_identifier) @call .)))
(method_reference (identifier) @value .)
(type_identifier) @type
(superclass (type_identifier) @inherit)
(super_interfaces (type_list (type_identifier) @inherit))
(marker_annotation name: (identifier) @decorator)
(annotation name: (identifier) @decorator)
(import_declaration (scoped_identifier name: (identifier) @import))
