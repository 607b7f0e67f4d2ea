"""What the simulator answers, one file a noun."""
