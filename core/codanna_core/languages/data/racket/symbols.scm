(list
  . (symbol) @_keyword
  . (list . (symbol) @name)
  . (_) @body
  (#any-of? @_keyword "define" "define*" "define-public" "define/contract" "define/public" "define/private" "define/override" "define/augment")) @definition.function
(list
  . (symbol) @_keyword
  . (list . (list . (symbol) @name))
  . (_) @body
  (#any-of? @_keyword "define" "define*" "define-public")) @definition.function
(list
  . (symbol) @_keyword
  . (symbol) @name
  . (list . (symbol) @_lambda) @body
  (#any-of? @_keyword "define" "define-public")
  (#any-of? @_lambda "lambda" "lambda*" "case-lambda" "case-lambda*" "λ")) @definition.function
(list
  . (symbol) @_keyword
  . [(symbol) @name (list . (symbol) @name)]
  (#any-of? @_keyword "define-syntax" "define-syntax-rule" "define-macro" "defmacro" "define-syntax-public")) @definition.macro
(list
  . (symbol) @_keyword
  . (symbol) @name
  (#any-of? @_keyword "struct" "define-struct" "serializable-struct")) @definition.struct
(list
  . (symbol) @_keyword
  . (symbol)
  . (symbol)?
  . (list [(symbol) @name @definition.field (list . (symbol) @name) @definition.field])
  (#any-of? @_keyword "struct" "define-struct" "serializable-struct"))
(list
  . (symbol) @_keyword
  . (symbol) @name
  . (list . (symbol) @_class) @body
  (#any-of? @_keyword "define" "define/contract")
  (#any-of? @_class "class" "class*" "mixin")) @definition.class
(list
  . (symbol) @_keyword
  . (symbol) @name
  . (list . (symbol) @_class) @body
  (#any-of? @_keyword "define" "define/contract")
  (#any-of? @_class "interface" "interface*")) @definition.interface
(list
  . (symbol) @_keyword
  . (symbol) @name
  (#any-of? @_keyword "module" "module*" "module+" "define-signature" "define-unit")) @definition.module
(list
  . (symbol) @_keyword
  . (symbol) @name
  . (_)
  (#any-of? @_keyword "define" "define/contract")) @definition.variable
