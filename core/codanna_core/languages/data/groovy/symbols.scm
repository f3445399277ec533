; The grammar knows words, calls and blocks only, so the keywords are compared as text.

(command (unit (identifier) @_keyword) . (block . (unit . (identifier) @name) "{" @body)
  (#eq? @_keyword "class")) @definition.class
(command (unit (identifier) @_keyword) . (unit . (identifier) @name) (block "{" @body)
  (#eq? @_keyword "class")) @definition.class
(command (unit (identifier) @_keyword) . (block . (unit . (identifier) @name) "{" @body)
  (#any-of? @_keyword "interface" "@interface")) @definition.interface
(command (unit (identifier) @_keyword) . (unit . (identifier) @name) (block "{" @body)
  (#eq? @_keyword "interface")) @definition.interface
(command (unit (identifier) @_keyword) . (block . (unit . (identifier) @name) "{" @body)
  (#eq? @_keyword "trait")) @definition.trait
(command (unit (identifier) @_keyword) . (unit . (identifier) @name) (block "{" @body)
  (#eq? @_keyword "trait")) @definition.trait
(command (unit (identifier) @_keyword) . (block . (unit . (identifier) @name) "{" @body)
  (#eq? @_keyword "enum")) @definition.enum
(command (unit (identifier) @_keyword) . (block . (unit . (identifier) @_enum)
  [(command (unit . (identifier) @name @definition.constant)) (end_command (unit . (identifier) @name @definition.constant))])
  (#eq? @_keyword "enum"))
; A task of a build script.
(command (unit (identifier) @_keyword) . (block . (unit . [
    (identifier) @name
    (func . (identifier) @name)
  ]) "{" @body)
  (#eq? @_keyword "task")) @definition.function

; A call with a block after a word is a method definition, if the word is a type, `def` or a modifier.
(_ (unit . (identifier) @_type) . (block . (unit . (func . (identifier) @name)) "{" @body)
  (#not-any-of? @_type "return" "new" "assert" "throw" "else" "in" "task" "println")) @definition.function
(command (unit (identifier) @_keyword) . (block . (unit . (identifier) @_class)
  (command . (block . (unit . (func . (identifier) @name)) "{" @body)) @definition.method)
  (#eq? @_keyword "class")
  (#eq? @_class @name))
(command (unit (identifier) @_keyword) . (block
  [(command (unit) . (unit . (func . (identifier) @name))) (end_command (unit) . (unit . (func . (identifier) @name)))] @definition.method)
  (#any-of? @_keyword "interface" "trait"))

; Members of a class: words that end in a name, or a name and a value.
(command (unit (identifier) @_keyword) (block
  (command (unit . (identifier) @_final) . (unit) . (unit . (identifier) @name) . (operators)) @definition.constant)
  (#any-of? @_keyword "class" "enum")
  (#eq? @_final "final"))
(command (unit (identifier) @_keyword) (block
  (command (unit . (identifier)) . (unit . (identifier) @name) . (operators) .) @definition.field)
  (#any-of? @_keyword "class" "enum" "trait"))
(command (unit (identifier) @_keyword) (block
  (command (unit . (identifier)) . (unit . (identifier) @name) . (operators)) @definition.field)
  (#any-of? @_keyword "class" "enum" "trait"))
(command (unit (identifier) @_keyword) (block
  (command (unit . (identifier)) . (unit . (identifier) @name) .) @definition.field)
  (#any-of? @_keyword "class" "trait"))

(source_file (command (unit . (identifier) @_def) . (unit . (identifier) @name) . (operators)) @definition.variable
  (#any-of? @_def "def" "final" "String" "int" "boolean"))
