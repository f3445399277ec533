"""The text index: the truth about files and symbols. The only package that imports tantivy."""
