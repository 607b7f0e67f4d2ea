"""Reads single fields out of a payload, and names the one that is missing or odd."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

SHA = re.compile(r"[0-9a-f]{40}")
NAME = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9_.-]{1,100}"
REPOSITORY = re.compile(f"{NAME}/{NAME}")
# Past it, readers of JSON may take a number for its neighbour, so events hold none.
MOST_INTEGER = 2**53 - 1
Kind = TypeVar("Kind")


class FieldError(ValueError):
    """A field is missing or of another kind; the message is a clause that names it."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object from GitHub, whose fields are asked for by dotted path.

    Every method raises FieldError when the field is missing, null or of another kind,
    save those named `maybe_`, which return None. What is not asked for may be anything.
    """

    values: Mapping[str, object]

    def text(self, path: str) -> str:
        """Return a string, with lone surrogates replaced: no database stores them."""
        return self._get(path, str).encode(errors="replace").decode()

    def maybe_text(self, path: str) -> str | None:
        """Return a string, or None."""
        return self.text(path) if isinstance(self._find(path), str) else None

    def number(self, path: str) -> int:
        """Return a positive integer that every reader of JSON keeps."""
        value = self._get(path, int)
        if isinstance(value, bool) or not 0 < value <= MOST_INTEGER:
            raise FieldError(f"{path} is not a number of GitHub's")
        return value

    def maybe_number(self, path: str) -> int | None:
        """Return a positive integer, or None when the field is missing or null."""
        return None if self._find(path) is None else self.number(path)

    def flag(self, path: str) -> bool:
        """Return a boolean; a missing one is False, as in payloads older than it."""
        return self._find(path) is True

    def sha(self, path: str) -> str:
        """Return a commit's SHA, 40 hex digits."""
        value = self.text(path)
        if SHA.fullmatch(value) is None:
            raise FieldError(f"{path} is not a commit's SHA")
        return value

    def repository(self, path: str) -> str:
        """Return a repository's `owner/name`."""
        value = self.text(path)
        if REPOSITORY.fullmatch(value) is None:
            raise FieldError(f"{path} is not owner/name")
        return value

    def has(self, path: str) -> bool:
        """Return whether the field is there and not null."""
        return self._find(path) is not None

    def each(self, path: str) -> Iterator["Fields"]:
        """Yield the objects of a list; a missing list is empty."""
        value = self._find(path)
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                yield Fields(item)

    def _get(self, path: str, kind: type[Kind]) -> Kind:
        value = self._find(path)
        if value is None:
            raise FieldError(f"{path} is missing")
        if not isinstance(value, kind):
            raise FieldError(f"{path} is not a {kind.__name__}")
        return value

    def _find(self, path: str) -> object:
        value: object = self.values
        for name in path.split("."):
            # JSON has no other mappings, and this is asked for every field.
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value
