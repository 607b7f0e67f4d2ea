"""Who did what with what is confidential, as a chain that can be proved."""
