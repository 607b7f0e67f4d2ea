"""Looks at everything that nofx needs, and says how to mend what is wrong."""
