(section headline: (headline item: (item) @name) body: (body . (paragraph) @doc)) @definition.heading
(section headline: (headline item: (item) @name)) @definition.heading
