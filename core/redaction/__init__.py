"""Finds texts that must go, in whatever form they lie somewhere, and cuts them out."""
