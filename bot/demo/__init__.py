"""A whole review on one machine: database, GitHub, bot, and a real change."""
