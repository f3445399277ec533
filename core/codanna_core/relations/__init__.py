"""Who uses what: facts of each file by themselves, and edges between files resolved when asked.

Needs nothing of the engine: `provider.py` says what it asks for.
"""
