"""What a language model is asked about a change, and how its answers are read: pure."""
