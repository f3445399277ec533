"""One module a family of grammars: the bindings of a file from its captured nodes."""
