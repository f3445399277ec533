(module . (comment)* . (string) @module_doc)

; A decorated definition comes first, so that its span and signature hold the decorators.
(decorated_definition
  definition: (function_definition
    name: (identifier) @name
    ":" @body
  body: (block . (string)? @doc))) @definition.function
(decorated_definition
  definition: (class_definition
    name: (identifier) @name
    ":" @body
  body: (block . (string)? @doc))) @definition.class

(function_definition
  name: (identifier) @name
  ":" @body
  body: (block . (string)? @doc)) @definition.function
(class_definition
  name: (identifier) @name
  ":" @body
  body: (block . (string)? @doc)) @definition.class

(module (assignment left: (identifier) @name) @definition.constant
  (#match? @name "^_*[A-Z][A-Z0-9_]*$"))
(module (assignment left: (identifier) @name) @definition.variable)
(module (if_statement consequence: (block
  (assignment left: (identifier) @name) @definition.variable)))
(module (try_statement body: (block
  (assignment left: (identifier) @name) @definition.variable)))
(module (type_alias_statement left: (type (identifier) @name)) @definition.type)

(class_definition body: (block
  (assignment left: (identifier) @name) @definition.constant)
  (#match? @name "^_*[A-Z][A-Z0-9_]+$"))
(class_definition body: (block
  (assignment left: (identifier) @name) @definition.field))

; What a constructor sets is a field of the class.
(assignment left: (attribute
  object: (identifier) @member
  attribute: (identifier) @name)
  (#eq? @member "self")) @definition.field
(assignment left: (pattern_list (attribute
  object: (identifier) @member
  attribute: (identifier) @name))
  (#eq? @member "self")) @definition.field
