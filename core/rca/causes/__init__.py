"""The rules by which causes are found: each a pure function of a run's story."""
