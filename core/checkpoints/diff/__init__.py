"""What differs between two states: for machines as a patch, for people as changes."""
