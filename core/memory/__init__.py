"""What nofx remembers between runs: encrypted, mortal, inspectable, redactable."""
