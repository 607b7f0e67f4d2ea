"""The control plane: runs, events, checkpoints and reviews, with no web framework."""
