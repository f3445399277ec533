(list
  . (symbol) @_keyword
  . (list . (symbol) @name)
  . (_) @body
  (#any-of? @_keyword "define" "define*" "define-public" "define-inlinable" "define-method" "define-generic")) @definition.function
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
  . [(symbol) @name (list . (symbol) @name)]
  (#any-of? @_keyword "define-record-type" "define-structure" "define-record")) @definition.struct
(list
  . (symbol) @_keyword
  . (symbol) @name
  (#any-of? @_keyword "define-class")) @definition.class
(list
  . (symbol) @_keyword
  . (symbol)
  . (_)
  . (symbol)
  (list . (symbol) @name (symbol)) @definition.field
  (#eq? @_keyword "define-record-type"))
(list
  . (symbol) @_keyword
  . [(list) (symbol)] @name
  (#any-of? @_keyword "define-library" "library")) @definition.module
(list
  . (symbol) @_keyword
  . [(list) (symbol)] @name
  (#any-of? @_keyword "define-module")) @definition.module @file_scope
(list
  . (symbol) @_keyword
  . (symbol) @name
  . (_)
  (#any-of? @_keyword "define" "define-public" "define-parameter" "define-constant")) @definition.variable
