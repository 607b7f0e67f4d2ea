"""Runs: their states, their steps, and the worker that walks them."""
