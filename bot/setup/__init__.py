"""Makes the GitHub App by two clicks, once."""
