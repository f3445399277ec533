; The marks of each level are free; these levels follow the habit most documents share.
((section (title) @name) @definition.heading . (paragraph)? @doc (#set! level "1") (#match? @definition.heading "^[^\\w\\s]{2,}\\s*\\n"))
((section (title) @name) @definition.heading . (paragraph)? @doc (#set! level "2") (#match? @definition.heading "\\n[=#*]+\\s*$"))
((section (title) @name) @definition.heading . (paragraph)? @doc (#set! level "3") (#match? @definition.heading "\\n-+\\s*$"))
((section (title) @name) @definition.heading . (paragraph)? @doc (#set! level "4") (#match? @definition.heading "\\n[~^]+\\s*$"))
((section (title) @name) @definition.heading . (paragraph)? @doc (#set! level "5"))
