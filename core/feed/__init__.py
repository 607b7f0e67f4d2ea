"""The one order of all events: pages, who writes them, and every way to read them."""
