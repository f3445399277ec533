(class_definition name: (identifier) @name (superclasses)? . (comment)* @doc . [(properties) (methods) (events) (enumeration)] @body) @definition.class
(class_definition name: (identifier) @name) @definition.class
(function_definition name: (_) @name (function_arguments)? . (comment) @doc @body) @definition.function
(function_definition name: (_) @name (block)? @body) @definition.function
(property name: (identifier) @name) @definition.field
(enum . (identifier) @name) @definition.constant
