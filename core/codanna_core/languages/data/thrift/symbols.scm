(struct_definition . type: (identifier) @name "{" @body) @definition.struct
(union_definition . type: (identifier) @name "{" @body) @definition.struct
(exception_definition (identifier) @name "{" @body) @definition.struct
(enum_definition . type: (identifier) @name "{" @body) @definition.enum
(enum_definition "{" (identifier) @name @definition.constant)
(service_definition . type: (identifier) @name "{" @body) @definition.interface
(function_definition (type) . (identifier) @name) @definition.method
(field (type) . (identifier) @name) @definition.field
(const_definition (identifier) @name) @definition.constant
(typedef_definition (typedef_identifier) @name) @definition.type
