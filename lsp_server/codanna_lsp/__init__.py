"""The language server: decodes LSP, makes one engine call, encodes the answer."""
