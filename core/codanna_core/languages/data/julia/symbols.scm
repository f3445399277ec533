; A string directly before a definition is its doc.
((string_literal (content) @doc)? . (module_definition name: (identifier) @name (block) @body) @definition.module)
((string_literal (content) @doc)? . (struct_definition
  (type_head [
      (identifier) @name
      (_ . (identifier) @name)
      (_ . (_ . (identifier) @name))])
  (block)? @body) @definition.struct)
((string_literal (content) @doc)? . (macrocall_expression (macro_argument_list . (struct_definition
  (type_head [
      (identifier) @name
      (_ . (identifier) @name)
      (_ . (_ . (identifier) @name))])
  (block)? @body))) @definition.struct)
((string_literal (content) @doc)? . (abstract_definition
  (type_head [
      (identifier) @name
      (_ . (identifier) @name)
      (_ . (_ . (identifier) @name))])) @definition.type)
((string_literal (content) @doc)? . (primitive_definition
  (type_head [
      (identifier) @name
      (_ . (identifier) @name)
      (_ . (_ . (identifier) @name))])) @definition.type)
((string_literal (content) @doc)? . (function_definition
  (signature [
      (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])
      (call_expression . (_ . (typed_expression (identifier) (_) @name .)))
      (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)]))
      (_ . (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])))])
  (block)? @body) @definition.function)
((string_literal (content) @doc)? . (function_definition (signature (identifier) @name)) @definition.function)
((string_literal (content) @doc)? . (macro_definition
  (signature (call_expression . (_) @name))
  (block)? @body) @definition.macro)
((string_literal (content) @doc)? . (assignment
  . [
      (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])
      (call_expression . (_ . (typed_expression (identifier) (_) @name .)))
      (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)]))
      (_ . (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])))]
  (operator) @body) @definition.function)
((string_literal (content) @doc)? . (macrocall_expression (macro_argument_list . (assignment
  . [
      (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])
      (call_expression . (_ . (typed_expression (identifier) (_) @name .)))
      (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)]))
      (_ . (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])))]
  (operator) @body))) @definition.function)
((string_literal (content) @doc)? . (macrocall_expression (macro_argument_list . (function_definition
  (signature [
      (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])
      (call_expression . (_ . (typed_expression (identifier) (_) @name .)))
      (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)]))
      (_ . (_ . (call_expression . [(identifier) @name (operator) @name (_ [(identifier) (operator)] @name .)])))])
  (block)? @body))) @definition.function)
((string_literal (content) @doc)? . (const_statement (assignment . (identifier) @name)) @definition.constant)
(global_statement (assignment . (identifier) @name)) @definition.variable
((string_literal (content) @doc)? . (macrocall_expression
  (macro_identifier (identifier) @_enum)
  (macro_argument_list . [(identifier) @name (typed_expression . (identifier) @name)])) @definition.enum
  (#eq? @_enum "enum"))
(macrocall_expression
  (macro_identifier (identifier) @_enum)
  (macro_argument_list (_) [(identifier) @name (assignment . (identifier) @name)] @definition.constant)
  (#eq? @_enum "enum"))
(struct_definition (block (string_literal (content) @doc)? . (typed_expression . (identifier) @name) @definition.field))
(struct_definition (block (string_literal (content) @doc)? . (assignment . (typed_expression . (identifier) @name)) @definition.field))
(struct_definition (block (identifier) @name @definition.field))
(struct_definition (block (const_statement (typed_expression . (identifier) @name)) @definition.field))
