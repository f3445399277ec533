"""Answers as a block of text for readers with little room, such as agents: within a number of tokens."""
