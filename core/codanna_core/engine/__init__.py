"""The facade over everything: snapshots for readers, one writer, cancel and progress."""
