; A stage reaches to the next one.
((from_instruction as: (image_alias) @name) @definition.module (#set! level "1"))
((from_instruction (image_spec) @name !as) @definition.module (#set! level "1"))
(arg_instruction name: (_) @name) @definition.variable
(env_pair name: (_) @name) @definition.variable
