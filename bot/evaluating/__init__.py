"""`nofx eval`: how good a model's reviews are, over changes with known answers."""
