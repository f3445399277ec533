(header module: (module) @name exports: (_)? @body) @definition.module @file_scope

(data_type name: (_) @name "where" @body) @definition.struct
(data_type name: (_) @name constructors: (_) @body) @definition.struct
(data_type name: (_) @name) @definition.struct
(newtype name: (_) @name constructor: (_) @body) @definition.struct
(type_synomym name: (_) @name) @definition.type
(type_family name: (_) @name) @definition.type
(data_family name: (_) @name) @definition.type
(kind_signature name: (_) @name) @definition.type
(data_type
  name: (_) @_type
  constructors: (data_constructors (data_constructor [
    (prefix name: (_) @name)
    (record name: (_) @name)
    (infix operator: (_) @name)]) @definition.constant)
  (#not-eq? @name @_type))
(gadt_constructor name: (constructor) @name) @definition.constant
(field name: (field_name (_) @name)) @definition.field

(class name: (_) @name "where"? @body) @definition.trait
(instance name: (_) @name) @scope

; Anchored to these parents, since what stands in `where` and `let` is local.
[(declarations (signature names: (binding_list [(variable) @name (prefix_id (operator) @name)])) @definition.function)
 (class_declarations (signature names: (binding_list [(variable) @name (prefix_id (operator) @name)])) @definition.function)
 (instance_declarations (signature names: (binding_list [(variable) @name (prefix_id (operator) @name)])) @definition.function)]
[(declarations (signature name: [(variable) @name (prefix_id (operator) @name)] type: [(function) (context) (forall) (linear_function)]) @definition.function)
 (class_declarations (signature name: [(variable) @name (prefix_id (operator) @name)] type: [(function) (context) (forall) (linear_function)]) @definition.function)
 (instance_declarations (signature name: [(variable) @name (prefix_id (operator) @name)] type: [(function) (context) (forall) (linear_function)]) @definition.function)]
[(declarations (signature name: (variable) @name type: (apply constructor: (name) @_io (#eq? @_io "IO"))) @definition.function)
 (class_declarations (signature name: (variable) @name type: (apply constructor: (name) @_io (#eq? @_io "IO"))) @definition.function)
 (instance_declarations (signature name: (variable) @name type: (apply constructor: (name) @_io (#eq? @_io "IO"))) @definition.function)]
[(declarations (signature name: [(variable) @name (prefix_id (operator) @name)]) @definition.constant)
 (class_declarations (signature name: [(variable) @name (prefix_id (operator) @name)]) @definition.constant)
 (instance_declarations (signature name: [(variable) @name (prefix_id (operator) @name)]) @definition.constant)]
[(declarations (function name: [(variable) @name (prefix_id (operator) @name)] match: (_) @body) @definition.function)
 (class_declarations (function name: [(variable) @name (prefix_id (operator) @name)] match: (_) @body) @definition.function)
 (instance_declarations (function name: [(variable) @name (prefix_id (operator) @name)] match: (_) @body) @definition.function)]
[(declarations (function (infix operator: (operator) @name) match: (_) @body) @definition.function)
 (class_declarations (function (infix operator: (operator) @name) match: (_) @body) @definition.function)
 (instance_declarations (function (infix operator: (operator) @name) match: (_) @body) @definition.function)]
[(declarations (function (infix operator: (infix_id (variable) @name)) match: (_) @body) @definition.function)
 (class_declarations (function (infix operator: (infix_id (variable) @name)) match: (_) @body) @definition.function)
 (instance_declarations (function (infix operator: (infix_id (variable) @name)) match: (_) @body) @definition.function)]
[(declarations (bind name: (variable) @name match: (_) @body) @definition.constant)
 (class_declarations (bind name: (variable) @name match: (_) @body) @definition.constant)
 (instance_declarations (bind name: (variable) @name match: (_) @body) @definition.constant)]
(pattern_synonym [(signature synonym: (_) @name) (equation synonym: (_) @name)]) @definition.constant
(foreign_import signature: (signature name: (_) @name)) @definition.function
