(class name: (_) @name) @definition.class
(module name: (_) @name) @definition.module
(method name: (_) @name) @definition.function
(singleton_method name: (_) @name) @definition.function
(alias name: (_) @name) @definition.method
(call
  method: (identifier) @_kind
  arguments: (argument_list . (simple_symbol) @name)
  (#any-of? @_kind "alias_method" "define_method" "scope")) @definition.method
(call
  method: (identifier) @_kind
  arguments: (argument_list (simple_symbol) @name)
  (#any-of? @_kind "attr_reader" "attr_writer" "attr_accessor" "cattr_accessor" "mattr_accessor" "class_attribute")) @definition.field
(assignment
  left: (constant) @name
  right: (call receiver: (constant) @_class method: (identifier) @_new block: (_)? @body)
  (#any-of? @_class "Struct" "Data" "Class") (#any-of? @_new "new" "define")) @definition.struct
(assignment left: (constant) @name) @definition.constant
(assignment left: (scope_resolution) @name) @definition.constant
