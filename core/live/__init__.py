"""Events told to whoever listens, as they happen."""
