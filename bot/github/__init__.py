"""Everything that nofx says to GitHub and reads from it, over gidgethub."""
