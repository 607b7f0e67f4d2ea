"""`nofx memory`: the keys of session memory, and what it keeps."""
