(function_definition name: (symbol) @name parameters: (_) . docstring: (string)? @doc . (_)? @body) @definition.function
(macro_definition name: (symbol) @name parameters: (_) . docstring: (string)? @doc . (_)? @body) @definition.macro
(special_form "defconst" . (symbol) @name . (_) . (string)? @doc) @definition.constant
(special_form "defvar" . (symbol) @name . (_) . (string) @doc) @definition.variable
(special_form "defvar" . (symbol) @name) @definition.variable
(list
  . (symbol) @_keyword
  . (symbol) @name . (_) . (string)? @doc
  (#any-of? @_keyword "defcustom" "defvar-local" "defface" "defvar-keymap")) @definition.variable
(list
  . (symbol) @_keyword
  . (symbol) @name . (_) . (string)? @doc
  (#any-of? @_keyword "defgroup")) @definition.module
(list
  . (symbol) @_keyword
  . (symbol) @name (list) . (string)? @doc . (_)? @body
  (#any-of? @_keyword "cl-defun" "defun*" "cl-defgeneric" "cl-defmethod" "defadvice" "ert-deftest" "iter-defun")) @definition.function
(list
  . (symbol) @_keyword
  . (symbol) @name (list) . (string)? @doc . (_)? @body
  (#any-of? @_keyword "cl-defmacro" "defmacro*")) @definition.macro
(list
  . (symbol) @_keyword
  . (symbol) @name
  . (string)? @doc
  (#any-of? @_keyword "define-minor-mode")) @definition.function
(list
  . (symbol) @_keyword
  . (symbol) @name
  . (_)
  . (_)
  . (string)? @doc
  (#any-of? @_keyword "define-derived-mode" "define-globalized-minor-mode")) @definition.function
(list
  . (symbol) @_keyword
  . (quote (symbol) @name)
  (#any-of? @_keyword "defalias")) @definition.function
(list
  . (symbol) @_keyword
  . [(symbol) @name (list . (symbol) @name)] . (string)? @doc
  (#any-of? @_keyword "cl-defstruct" "defstruct")) @definition.struct
(list
  . (symbol) @_keyword
  . (symbol) @name
  (#any-of? @_keyword "defclass")) @definition.class
