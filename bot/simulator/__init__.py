"""A stateful GitHub on this machine, for the demo, dry runs and the tests."""
