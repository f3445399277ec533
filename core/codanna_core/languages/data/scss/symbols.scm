(rule_set (selectors (_) @name) (block) @body) @definition.class
(keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @definition.function
(function_statement name: (identifier) @name (block) @body) @definition.function
(mixin_statement name: (identifier) @name (block) @body) @definition.function
(stylesheet (declaration (property_name) @name (#match? @name "^\\$")) @definition.variable)
(rule_set (block (declaration (property_name) @name (#match? @name "^--")) @definition.variable))
