"""Numbers for Prometheus: defined here by noun, measured where things happen."""
