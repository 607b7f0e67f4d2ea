"""Language models behind the port `Chat`: hosted services, and a local file."""
