"""Review Center: pages to look at runs, and to decide about them."""
