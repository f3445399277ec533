;; Symbols are upper or lower case as one likes; `#:name` reads as a stray mark and a keyword.
(list_lit
  . value: (sym_lit) @_keyword
  . value: [(sym_lit) @name (kwd_lit (kwd_symbol) @name) (str_lit) @name (quoting_lit value: (sym_lit) @name)]
  (#match? @_keyword "(?i)^(defpackage|uiop:define-package)$")) @definition.module
((list_lit
  . value: (sym_lit) @_keyword
  . value: "#"
  . value: (kwd_lit (kwd_symbol) @name)
  (#match? @_keyword "(?i)^(defpackage|uiop:define-package)$")) @definition.module)
((list_lit
  . value: (sym_lit) @_keyword
  . value: "#"
  . value: (kwd_lit (kwd_symbol) @name)) @scope
  (#set! level "1")
  (#match? @_keyword "(?i)^in-package$"))
((list_lit
  . value: (sym_lit) @_keyword
  . value: [(sym_lit) @name (kwd_lit (kwd_symbol) @name) (str_lit) @name]) @scope
  (#set! level "1")
  (#match? @_keyword "(?i)^in-package$"))
(list_lit
  . value: (sym_lit) @_keyword
  . value: (sym_lit) @name
  . value: (_)
  . value: (str_lit)? @doc
  (#match? @_keyword "(?i)^(defconstant|define-constant)$")) @definition.constant
(list_lit
  . value: (sym_lit) @_keyword
  . value: (sym_lit) @name
  . value: (_)
  . value: (str_lit)? @doc
  (#match? @_keyword "(?i)^(defvar|defparameter|defglobal)$")) @definition.variable
(list_lit
  . value: (sym_lit) @_keyword
  . value: (sym_lit) @name
  . value: (_)
  . value: (str_lit)? @doc
  (#match? @_keyword "(?i)^(deftype)$")) @definition.type
(list_lit
  . value: (sym_lit) @_keyword
  . value: (sym_lit) @name
  . value: (str_lit)? @doc
  (#match? @_keyword "(?i)^(defstruct)$")) @definition.struct
(list_lit
  . value: (sym_lit) @_keyword
  . value: (list_lit . value: (sym_lit) @name)
  . value: (str_lit)? @doc
  (#match? @_keyword "(?i)^(defstruct)$")) @definition.struct
(list_lit
  . value: (sym_lit) @_keyword
  . value: (sym_lit) @name
  . value: (_)
  . value: (_) @body
  value: (list_lit . value: (kwd_lit) @_documentation . value: (str_lit) @doc)
  (#match? @_keyword "(?i)^(defclass|define-condition)$") (#match? @_documentation "(?i)^:documentation$")) @definition.class
(list_lit
  . value: (sym_lit) @_keyword
  . value: (sym_lit) @name
  . value: (_)
  . value: (_) @body
  (#match? @_keyword "(?i)^(defclass|define-condition)$")) @definition.class
(list_lit
  . value: (sym_lit) @_keyword
  . value: (sym_lit)
  . value: (_)
  . value: (list_lit value: [
      (list_lit . value: (sym_lit) @name) @definition.field
      (sym_lit) @name @definition.field])
  (#match? @_keyword "(?i)^(defclass|define-condition)$"))
(list_lit
  . value: (sym_lit) @_keyword
  . value: (_)
  value: [(list_lit . value: (sym_lit) @name) @definition.field (sym_lit) @name @definition.field]
  (#match? @_keyword "(?i)^defstruct$"))

(defun
  (defun_header keyword: (defun_keyword) @_keyword function_name: (_) @name lambda_list: (_))
  . value: (str_lit)? @doc
  . value: (_)? @body
  (#match? @_keyword "(?i)^defmacro$")) @definition.macro
(defun
  (defun_header keyword: (defun_keyword) @_keyword function_name: (_) @name lambda_list: (_))
  . value: (str_lit)? @doc
  . value: (_)? @body
  (#match? @_keyword "(?i)^defmethod$")) @definition.method
(defun
  (defun_header keyword: (defun_keyword) @_keyword function_name: (_) @name)
  value: (list_lit . value: (kwd_lit) @_documentation . value: (str_lit) @doc) @body
  (#match? @_keyword "(?i)^defgeneric$") (#match? @_documentation "(?i)^:documentation$")) @definition.function
(defun
  (defun_header function_name: (_) @name)
  . value: (str_lit)? @doc
  . value: (_)? @body) @definition.function
