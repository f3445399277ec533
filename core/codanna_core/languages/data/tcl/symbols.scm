(procedure name: (_) @name) @definition.function
(namespace (word_list . (simple_word) @_eval . (simple_word) @name . (braced_word) @body) (#eq? @_eval "eval")) @definition.module
(namespace
  (word_list
    (braced_word
      (command name: (simple_word) @_variable arguments: (word_list . (simple_word) @name)) @definition.variable))
  (#eq? @_variable "variable"))
(command
  name: (simple_word) @_class
  arguments: (word_list . (simple_word) @_create . (simple_word) @name . (braced_word)? @body)
  (#match? @_class "^(::)?(oo::class|itcl::class|snit::type)$") (#eq? @_create "create")) @definition.class
(command
  name: (simple_word) @_method
  arguments: (word_list . (simple_word) @name . (_) . (braced_word) @body)
  (#any-of? @_method "method")) @definition.method
(command
  name: (simple_word) @name
  arguments: (word_list (braced_word) @body .)
  (#any-of? @name "constructor" "destructor")) @definition.method
