(binary_operator
  lhs: [(identifier) (string)] @name
  operator: ["<-" "=" "<<-"]
  rhs: (function_definition body: (_) @body)) @definition.function
(binary_operator
  lhs: [(identifier) (string)] @name
  operator: ["<-" "="]
  rhs: (call function: (_) @_maker arguments: (arguments) @body)
  (#match? @_maker "^(R6::)?R6Class$|^(methods::)?set(Ref)?Class$|^(ggplot2::)?ggproto$|^(S7::)?new_class$")) @definition.class
(call
  function: (identifier) @_maker
  arguments: (arguments . argument: (argument value: (string) @name))
  (#any-of? @_maker "setClass" "setRefClass" "setClassUnion")) @definition.class
(call
  function: (identifier) @_maker
  arguments: (arguments . argument: (argument value: (string) @name) (argument value: (function_definition body: (_) @body))?)
  (#any-of? @_maker "setGeneric")) @definition.function
(call
  function: (identifier) @_maker
  arguments: (arguments
    . argument: (argument value: (string) @name)
    . (comma)
    . argument: (argument value: [(string (string_content) @container) (_)])
    (argument value: (function_definition body: (_) @body))?)
  (#any-of? @_maker "setMethod" "setReplaceMethod")) @definition.method
(argument
  name: (identifier) @_part
  value: (call
    arguments: (arguments
      argument: (argument name: (identifier) @name value: (function_definition body: (_) @body)) @definition.method))
  (#any-of? @_part "public" "private" "active" "methods"))
(program
  (binary_operator lhs: (identifier) @name operator: ["<-" "=" "<<-"] rhs: [(float) (integer) (string) (complex) (unary_operator)])
  @definition.constant)
(program (binary_operator lhs: (identifier) @name operator: ["<-" "=" "<<-"]) @definition.variable)
