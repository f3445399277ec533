(message (message_name) @name (message_body) @body) @definition.struct
(enum (enum_name) @name (enum_body) @body) @definition.enum
(service . (service_name) @name "{" @body) @definition.interface
(rpc . (rpc_name) @name) @definition.method
(enum_field . (identifier) @name) @definition.constant
(field (identifier) @name . (field_number)) @definition.field
(map_field (identifier) @name . (field_number)) @definition.field
(oneof_field (identifier) @name . (field_number)) @definition.field
(package (full_ident) @name) @definition.module @file_scope
