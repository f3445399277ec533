; A quotation is not part of the outline.
(block_quote (section (atx_heading heading_content: (inline) @name))) @scope

; A heading reaches to the next one of its level or above; underlined headings make no section node.
; Its first paragraph says what the section is about.
((atx_heading (atx_h1_marker) heading_content: (inline) @name) @definition.heading . (paragraph)? @doc (#set! level "1"))
((atx_heading (atx_h2_marker) heading_content: (inline) @name) @definition.heading . (paragraph)? @doc (#set! level "2"))
((atx_heading (atx_h3_marker) heading_content: (inline) @name) @definition.heading . (paragraph)? @doc (#set! level "3"))
((atx_heading (atx_h4_marker) heading_content: (inline) @name) @definition.heading . (paragraph)? @doc (#set! level "4"))
((atx_heading (atx_h5_marker) heading_content: (inline) @name) @definition.heading . (paragraph)? @doc (#set! level "5"))
((atx_heading (atx_h6_marker) heading_content: (inline) @name) @definition.heading . (paragraph)? @doc (#set! level "6"))
((setext_heading heading_content: (paragraph (inline) @name) (setext_h1_underline)) @definition.heading . (paragraph)? @doc (#set! level "1"))
((setext_heading heading_content: (paragraph (inline) @name) (setext_h2_underline)) @definition.heading . (paragraph)? @doc (#set! level "2"))
