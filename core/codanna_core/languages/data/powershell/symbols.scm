(function_statement (function_name) @name (comment)? @doc (script_block) @body) @definition.function
(function_statement (function_name) @name (script_block) @body) @definition.function
(class_statement . (simple_name) @name "{" @body) @definition.class
(class_method_definition (simple_name) @name . (class_method_parameter_list)? . (script_block) @body) @definition.method
(class_method_definition (simple_name) @name (script_block) @body) @definition.method
(class_property_definition (variable) @name) @definition.field
(enum_statement . (simple_name) @name "{" @body) @definition.enum
(enum_member . (simple_name) @name) @definition.constant
(program
  (statement_list
    (pipeline
      (assignment_expression
        (left_assignment_expression) @name
        (#match? @name "^\\$(script:|global:)?[A-Za-z_]\\w*$"))) @definition.variable))
