; Sectioning commands nest in the tree.
(part text: (curly_group (text) @name) . (label_definition)? . (text)? @doc @body) @definition.heading
(chapter text: (curly_group (text) @name) . (label_definition)? . (text)? @doc @body) @definition.heading
(section text: (curly_group (text) @name) . (label_definition)? . (text)? @doc @body) @definition.heading
(subsection text: (curly_group (text) @name) . (label_definition)? . (text)? @doc @body) @definition.heading
(subsubsection text: (curly_group (text) @name) . (label_definition)? . (text)? @doc @body) @definition.heading
(paragraph text: (curly_group (text) @name) . (label_definition)? . (text)? @doc @body) @definition.heading
(subparagraph text: (curly_group (text) @name) . (label_definition)? . (text)? @doc @body) @definition.heading
(new_command_definition declaration: [(curly_group_command_name command: (_) @name) (command_name) @name]) @definition.macro
(environment_definition name: (curly_group_text text: (_) @name)) @definition.macro
