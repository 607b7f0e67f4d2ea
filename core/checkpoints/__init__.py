"""Checkpoints: the state of a run at a point, named by its digest."""
