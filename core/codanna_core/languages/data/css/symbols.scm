(rule_set (selectors (_) @name) (block) @body) @definition.class
(keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @definition.function
(rule_set (block (declaration (property_name) @name (#match? @name "^--")) @definition.variable))
