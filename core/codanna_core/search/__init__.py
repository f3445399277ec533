"""The read side: from a question to what is shown."""
