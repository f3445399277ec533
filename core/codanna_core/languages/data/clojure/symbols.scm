(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (str_lit)? @doc
  (#any-of? @_keyword "ns" "in-ns")) @definition.module @file_scope
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit meta: (meta_lit value: (kwd_lit) @_const) name: (sym_name) @name)
  . value: (str_lit)? @doc
  (#any-of? @_keyword "def" "defonce")
  (#eq? @_const ":const")) @definition.constant
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (str_lit)? @doc
  . value: (_)
  (#any-of? @_keyword "def" "defonce")) @definition.variable
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (str_lit)? @doc
  . value: (vec_lit)
  . value: (_) @body
  (#any-of? @_keyword "defn" "defn-" "deftest" "defmulti" "defn-spec" "definline")) @definition.function
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (str_lit)? @doc
  . value: (_)? @body
  (#any-of? @_keyword "defn" "defn-" "deftest" "defmulti" "defn-spec" "definline")) @definition.function
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (str_lit)? @doc
  . value: (vec_lit)
  . value: (_) @body
  (#any-of? @_keyword "defmacro")) @definition.macro
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (str_lit)? @doc
  . value: (_)? @body
  (#any-of? @_keyword "defmacro")) @definition.macro
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  value: (vec_lit)
  . value: (_) @body
  (#any-of? @_keyword "defmethod")) @definition.method
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  (#any-of? @_keyword "defmethod")) @definition.method
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (str_lit)? @doc
  . value: (_)? @body
  (#any-of? @_keyword "defprotocol" "definterface")) @definition.interface
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (vec_lit)
  . value: (_)? @body
  (#any-of? @_keyword "defrecord")) @definition.struct
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  . value: (vec_lit)
  . value: (_)? @body
  (#any-of? @_keyword "deftype")) @definition.class
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  . value: (sym_lit name: (sym_name) @name)
  (#any-of? @_keyword "extend-type" "extend-protocol")) @scope
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  value: (list_lit
    . value: (sym_lit name: (sym_name) @name)
    . value: (vec_lit)
    . value: (str_lit) @doc .) @definition.method
  (#any-of? @_keyword "defprotocol"))
(list_lit
  . value: (sym_lit name: (sym_name) @_keyword)
  value: (list_lit
    . value: (sym_lit name: (sym_name) @name)
    . value: (vec_lit)
    . value: (_)? @body) @definition.method
  (#any-of? @_keyword "defprotocol" "definterface" "defrecord" "deftype" "extend-type" "extend-protocol"))
;; Specs are named by keywords.
(list_lit
  . value: (sym_lit namespace: (sym_ns) name: (sym_name) @_keyword)
  . value: (kwd_lit name: (kwd_name) @name)
  (#any-of? @_keyword "def" "fdef")) @definition.type
;; The forms of libraries: (defroutes app ...), (rf/reg-event-db ::load ...) are not known, those named def... are.
(source
  (list_lit
    . value: (sym_lit name: (sym_name) @_keyword)
    . value: (sym_lit name: (sym_name) @name)
    . value: (str_lit)? @doc)
  @definition.variable
  (#match? @_keyword "^def.") (#not-eq? @_keyword "default"))
