"""From a signed webhook to one typed event: received, stored, worked, never lost."""
