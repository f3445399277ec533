(identifier) @name
(keyword_argument name: (identifier) @skip)

[(function_definition) (class_definition) (lambda)
 (list_comprehension) (set_comprehension) (dictionary_comprehension) (generator_expression)] @scope

(function_definition) @function
(lambda) @lambda
(class_definition) @class
[(assignment) (named_expression)] @assign
[(for_statement) (for_in_clause)] @for
(as_pattern) @as
(import_statement) @import.plain
[(import_from_statement) (future_import_statement)] @import.from
(return_statement (_)) @return
(global_statement) @global
(type_alias_statement) @alias

(import_from_statement name: (dotted_name (identifier) @import))
(import_from_statement name: (aliased_import name: (dotted_name (identifier) @import)))
(import_from_statement module_name: (dotted_name (identifier) @skip))
(import_from_statement module_name: (relative_import (dotted_name (identifier) @skip)))
(import_statement name: (dotted_name (identifier) @skip))
(import_statement name: (aliased_import name: (dotted_name (identifier) @skip)))

(call function: (identifier) @call)
(call function: (attribute attribute: (identifier) @call))
(class_definition superclasses: (argument_list (identifier) @inherit))
(class_definition superclasses: (argument_list (attribute attribute: (identifier) @inherit)))
(decorator (identifier) @decorator)
(decorator (attribute attribute: (identifier) @decorator))
(decorator (call function: (identifier) @decorator))
(decorator (call function: (attribute attribute: (identifier) @decorator)))
(type (identifier) @type)
(type (attribute attribute: (identifier) @type))
(argument_list (identifier) @value)
(keyword_argument value: (identifier) @value)
