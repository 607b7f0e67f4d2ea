"""From a diff to findings that stand on lines GitHub accepts."""
