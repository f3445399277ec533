"""Child processes of this program: how they start, what limits them, and how they end with their parent."""
