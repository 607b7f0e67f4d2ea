"""The names by which people see and call nofx at GitHub."""

PREFIX = "/nofx"
CHECK = "nofx review"
