"""Takes text out of a file before it is parsed: what is inside functions costs time and holds no symbol."""
