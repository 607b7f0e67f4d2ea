"""Finds secrets and masks them, once, for logs, prompts, bundles and memory."""

from core.secrets.finder import SecretFinder, SecretMatch, find, shared_finder
from core.secrets.masker import JsonValue, Masker

__all__ = [
    "JsonValue",
    "Masker",
    "SecretFinder",
    "SecretMatch",
    "find",
    "shared_finder",
]
