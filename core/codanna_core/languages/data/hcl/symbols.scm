; Labels are joined: resource "aws_instance" "web" is aws_instance.web, as it is referred to.
(block
  . (identifier) @_type
  . (string_lit (template_literal) @name)
  . (block_start) @body
  (body
    (attribute
      (identifier) @_description
      (expression (literal_value (string_lit (template_literal) @doc)))))
  (#eq? @_type "variable") (#eq? @_description "description")) @definition.variable
(block
  . (identifier) @_type
  . (string_lit (template_literal) @name)
  . (block_start) @body
  (#eq? @_type "variable")) @definition.variable
(block
  . (identifier) @_type
  . (string_lit (template_literal) @name)
  . (block_start) @body
  (body
    (attribute
      (identifier) @_description
      (expression (literal_value (string_lit (template_literal) @doc)))))
  (#eq? @_type "output") (#eq? @_description "description")) @definition.variable
(block
  . (identifier) @_type
  . (string_lit (template_literal) @name)
  . (block_start) @body
  (#eq? @_type "output")) @definition.variable
(block
  . (identifier) @_type
  . (string_lit (template_literal) @name)
  . (block_start) @body
  (body
    (attribute
      (identifier) @_description
      (expression (literal_value (string_lit (template_literal) @doc)))))
  (#eq? @_type "module") (#eq? @_description "description")) @definition.module
(block
  . (identifier) @_type
  . (string_lit (template_literal) @name)
  . (block_start) @body
  (#eq? @_type "module")) @definition.module
(block
  . (identifier)
  . (string_lit (template_literal) @name)
  . (string_lit (template_literal) @name)
  . (block_start) @body) @definition.class
(block
  . (identifier) @_type
  . [(string_lit (template_literal) @name) (identifier) @name]
  . (block_start) @body
  (#not-match? @_type "^(dynamic|provisioner|connection)$")) @definition.class
(config_file
  (body
    (block
      . (identifier) @name
      . (block_start) @body
      (#not-match? @name "^(locals|moved|import|removed)$")) @definition.class))
(block
  . (identifier) @_locals
  . (block_start)
  (body (attribute (identifier) @name) @definition.constant)
  (#eq? @_locals "locals"))
(config_file (body (attribute (identifier) @name) @definition.variable))
