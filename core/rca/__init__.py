"""Why a run failed: its story, the causes that it shows, and a bundle of all of it."""
