(call
  target: (identifier) @_keyword
  (arguments . (alias) @name)
  (do_block
    (unary_operator
      operand: (call target: (identifier) @_doc (arguments [(string (quoted_content) @doc) (sigil (quoted_content) @doc)]))) ?) @body
  (#eq? @_keyword "defmodule") (#eq? @_doc "moduledoc")) @definition.module
(call
  target: (identifier) @_keyword
  (arguments . (alias) @name)
  (do_block) @body
  (#eq? @_keyword "defmodule")) @definition.module
(call
  target: (identifier) @_keyword
  (arguments . (alias) @name)
  (do_block) @body
  (#eq? @_keyword "defprotocol")) @definition.interface
(call
  target: (identifier) @_keyword
  (arguments . (alias) @name (keywords (pair value: (alias) @name))?)
  (do_block)
  (#eq? @_keyword "defimpl")) @scope

; The doc is an attribute before the definition; @spec, @impl and the like may stand between.
((unary_operator operand: (call target: (identifier) @_doc (arguments [(string (quoted_content) @doc) (sigil (quoted_content) @doc)]))) . (unary_operator)* .
  (call
    target: (identifier) @_keyword
    (arguments
      . [
      (call target: (identifier) @name)
      (identifier) @name
      (binary_operator left: (call target: (identifier) @name) operator: "when")
      (binary_operator left: (identifier) @name operator: "when")
      (binary_operator left: (identifier) operator: _ @name right: (identifier))])
    (do_block)? @body) @definition.function
  (#any-of? @_doc "doc") (#any-of? @_keyword "def" "defp" "defdelegate" "defguard" "defguardp" "defn" "defnp"))
(call
  target: (identifier) @_keyword
  (arguments
    . [
      (call target: (identifier) @name)
      (identifier) @name
      (binary_operator left: (call target: (identifier) @name) operator: "when")
      (binary_operator left: (identifier) @name operator: "when")
      (binary_operator left: (identifier) operator: _ @name right: (identifier))])
  (do_block)? @body
  (#any-of? @_keyword "def" "defp" "defdelegate" "defguard" "defguardp" "defn" "defnp")) @definition.function
((unary_operator operand: (call target: (identifier) @_doc (arguments [(string (quoted_content) @doc) (sigil (quoted_content) @doc)]))) . (unary_operator)* .
  (call
    target: (identifier) @_keyword
    (arguments
      . [
      (call target: (identifier) @name)
      (identifier) @name
      (binary_operator left: (call target: (identifier) @name) operator: "when")
      (binary_operator left: (identifier) @name operator: "when")
      (binary_operator left: (identifier) operator: _ @name right: (identifier))])
    (do_block)? @body) @definition.macro
  (#any-of? @_doc "doc") (#any-of? @_keyword "defmacro" "defmacrop"))
(call
  target: (identifier) @_keyword
  (arguments
    . [
      (call target: (identifier) @name)
      (identifier) @name
      (binary_operator left: (call target: (identifier) @name) operator: "when")
      (binary_operator left: (identifier) @name operator: "when")
      (binary_operator left: (identifier) operator: _ @name right: (identifier))])
  (do_block)? @body
  (#any-of? @_keyword "defmacro" "defmacrop")) @definition.macro

(call target: (identifier) @name (arguments) (#any-of? @name "defstruct" "defexception")) @definition.struct
((unary_operator operand: (call target: (identifier) @_doc (arguments [(string (quoted_content) @doc) (sigil (quoted_content) @doc)]))) .
  (unary_operator
    operand: (call
      target: (identifier) @_keyword
      (arguments (binary_operator left: [(call target: (identifier) @name) (identifier) @name])))) @definition.type
  (#eq? @_doc "typedoc") (#any-of? @_keyword "type" "typep" "opaque"))
(unary_operator
  operand: (call
    target: (identifier) @_keyword
    (arguments (binary_operator left: [(call target: (identifier) @name) (identifier) @name])))
  (#any-of? @_keyword "type" "typep" "opaque")) @definition.type
((unary_operator operand: (call target: (identifier) @_doc (arguments [(string (quoted_content) @doc) (sigil (quoted_content) @doc)]))) .
  (unary_operator
    operand: (call
      target: (identifier) @_keyword
      (arguments (binary_operator left: (call target: (identifier) @name))))) @definition.function
  (#eq? @_doc "doc") (#any-of? @_keyword "callback" "macrocallback"))
(unary_operator
  operand: (call
    target: (identifier) @_keyword
    (arguments (binary_operator left: (call target: (identifier) @name))))
  (#any-of? @_keyword "callback" "macrocallback")) @definition.function
(do_block
  (unary_operator
    operand: (call target: (identifier) @name (arguments [
      (integer) (float) (string) (atom) (list) (map) (tuple) (sigil) (binary_operator) (call) (boolean) (struct) (charlist)]))) @definition.constant
  (#not-match? @name "^(doc|moduledoc|typedoc|spec|type|typep|opaque|callback|macrocallback|impl|deprecated|behaviour|derive|enforce_keys|dialyzer|compile|before_compile|after_compile|external_resource|since|tag|moduletag|describetag|on_load|optional_callbacks|fallback_to_any|on_definition)$"))
