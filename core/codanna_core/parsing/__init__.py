"""Parsing apart: what asks a helper process for the symbols of a file."""
