(module_attribute name: (_) @name) @definition.module @file_scope
(pp_define lhs: (macro_lhs name: (_) @name)) @definition.macro
(record_decl name: (_) @name) @definition.struct
(record_decl fields: (record_field name: (_) @name) @definition.field)
(type_alias name: (type_name name: (_) @name)) @definition.type
(opaque name: (type_name name: (_) @name)) @definition.type
(callback fun: (_) @name) @definition.function
(spec fun: (_) @name) @definition.function
(fun_decl clause: (function_clause name: (_) @name body: (_) @body)) @definition.function
