"""HTTP beside the webhook: one file a noun."""
