"""Embedding: what text stands for a symbol, and the models that turn text into vectors."""
