(create_table (object_reference schema: (identifier)? @container name: (identifier) @name) (column_definitions)? @body) @definition.struct
(create_view (object_reference schema: (identifier)? @container name: (identifier) @name) (keyword_as)? @body) @definition.struct
(create_materialized_view (object_reference schema: (identifier)? @container name: (identifier) @name) (keyword_as)? @body) @definition.struct
(create_type (object_reference schema: (identifier)? @container name: (identifier) @name) (keyword_enum)) @definition.enum
(create_type (object_reference schema: (identifier)? @container name: (identifier) @name)) @definition.type
(create_function (object_reference schema: (identifier)? @container name: (identifier) @name) (function_body)? @body) @definition.function
(create_trigger . (_) (keyword_trigger) . (object_reference schema: (identifier)? @container name: (identifier) @name)) @definition.function
(create_index column: (identifier) @name) @definition.variable
(create_sequence (object_reference schema: (identifier)? @container name: (identifier) @name)) @definition.variable
(create_schema (identifier) @name) @definition.module
(create_database (identifier) @name) @definition.module
(column_definitions (column_definition name: (identifier) @name) @definition.field)
