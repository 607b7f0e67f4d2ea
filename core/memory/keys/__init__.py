"""The keys that wrap sessions' keys: where they are, and which is in use."""
