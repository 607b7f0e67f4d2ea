"""Findings of a pull request across its pushes, and what became of each."""
