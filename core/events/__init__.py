"""What happened: typed events, the journal they are appended to, and the feed."""
