"""`nofx rca`: why a run failed, as a file that can be carried away and proved."""
