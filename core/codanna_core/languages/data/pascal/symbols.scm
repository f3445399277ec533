(unit (moduleName) @name . (_) @body) @definition.module
(program (moduleName) @name . (_) @body) @definition.module
(library (moduleName) @name . (_) @body) @definition.module
(declType name: (_) @name type: (declClass (kRecord) [(declSection) (declField) (declProc) (declProp)] @body)) @definition.struct
(declType name: (_) @name type: (declClass (kRecord))) @definition.struct
(declType name: (_) @name type: (declClass [(declSection) (declField) (declProc) (declProp)] @body)) @definition.class
(declType name: (_) @name type: (declClass)) @definition.class
(declType name: (_) @name type: (declIntf [(declSection) (declField) (declProc) (declProp)] @body)) @definition.interface
(declType name: (_) @name type: (declIntf)) @definition.interface
(declType name: (_) @name type: (type (declEnum) @body)) @definition.enum
(declType name: (_) @name) @definition.type
(declEnumValue name: (_) @name) @definition.constant
(declField name: (_) @name) @definition.field
(declProp name: (_) @name) @definition.field
(declConst name: (_) @name) @definition.constant
(declVar name: (_) @name) @definition.variable
(defProc header: (declProc name: (genericDot) @name) . (_) @body) @definition.method
(defProc header: (declProc name: (_) @name) . (_) @body) @definition.function
(declProc name: (_) @name) @definition.function
