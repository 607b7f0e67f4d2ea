"""What the API answers with, as pydantic models: one file a noun."""
