(Decl
  (VarDecl
    variable_type_function: (IDENTIFIER) @name
    (_ (_ (ContainerDecl (ContainerDeclType "struct")) @body)))) @definition.struct
(Decl
  (VarDecl
    variable_type_function: (IDENTIFIER) @name
    (_ (_ (ContainerDecl (ContainerDeclType "enum")) @body)))) @definition.enum
(Decl
  (VarDecl
    variable_type_function: (IDENTIFIER) @name
    (_ (_ (ContainerDecl (ContainerDeclType "union")) @body)))) @definition.struct
(Decl
  (VarDecl
    variable_type_function: (IDENTIFIER) @name
    (_ (_ (ContainerDecl (ContainerDeclType "opaque")) @body)))) @definition.struct
(Decl
  (VarDecl
    variable_type_function: (IDENTIFIER) @name
    (_ (_ (ErrorSetDecl) @body)))) @definition.enum
(ErrorSetDecl field_constant: (IDENTIFIER) @name @definition.constant)
(Decl (FnProto function: (IDENTIFIER) @name) (Block)? @body) @definition.function
(TestDecl (STRINGLITERALSINGLE) @name (Block) @body) @definition.function
(TestDecl (IDENTIFIER) @name (Block) @body) @definition.function
(ContainerField field_member: (IDENTIFIER) @name) @definition.field
(ContainerDecl
  (ContainerDeclType "enum")
  (ContainerField . (_ (_ . variable_type_function: (IDENTIFIER) @name))) @definition.constant)
(ContainerDecl
  (ContainerDeclType "union")
  (ContainerField . (_ (_ . variable_type_function: (IDENTIFIER) @name))) @definition.field)
; An import gives no symbol.
(Decl
  (VarDecl "const" variable_type_function: (IDENTIFIER) @name (_) @_value .)
  (#not-match? @_value "^@(import|This)\\(")) @definition.constant
(Decl (VarDecl "var" variable_type_function: (IDENTIFIER) @name)) @definition.variable
