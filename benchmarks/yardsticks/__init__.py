"""What search is measured by: files, changes and symbols. `benchmarks/retrieval.py` runs them."""
