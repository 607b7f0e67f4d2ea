"""Replaces secrets in text and in JSON values by the name of what they were."""

import re
from collections.abc import Iterable, Mapping, Sequence

from core.secrets.finder import SecretFinder
from core.secrets.forms import SHORTEST, forms

JsonValue = (
    Mapping[str, "JsonValue"] | Sequence["JsonValue"] | str | int | float | bool | None
)

OWN = "own-credential"
# No secret is shorter, and most strings in logs and events are.
SHORTEST_FOUND = 8


class Masker:
    """Masks our own credentials exactly, and whatever looks like a secret.

    `known` are the values of our own credentials; their escaped and Base64 forms
    are masked too. Values shorter than 6 characters cannot be masked without
    shredding the text; `unmaskable` counts them, so that someone can be told.
    """

    def __init__(self, known: Iterable[str], *, finder: SecretFinder) -> None:
        values = [value for value in known if value]
        self.unmaskable = sum(len(value.strip()) < SHORTEST for value in values)
        # The longest form first, so that none is left half behind.
        texts = sorted({form for value in values for form in forms(value)}, key=len)
        joined = "|".join(re.escape(text) for text in reversed(texts))
        self._known = re.compile(joined) if joined else None
        self._finder = finder

    def mask(self, text: str) -> str:
        """Return `text` with each secret replaced by `[masked:RULE]`."""
        if self._known is not None:
            text = self._known.sub(f"[masked:{OWN}]", text)
        return self._mask_found(text) if len(text) >= SHORTEST_FOUND else text

    def mask_json(self, value: JsonValue) -> JsonValue:
        """Return a copy of a JSON value with every string in it masked, keys too.

        A string is read together with its key, for `"password": "…"` tells more than
        the value alone.
        """
        return self._mask_json(value, "")

    def _mask_json(self, value: JsonValue, key: str) -> JsonValue:
        if isinstance(value, str):
            return self._mask_value(value, key)
        if isinstance(value, Mapping):
            return {
                self.mask(name): self._mask_json(item, name)
                for name, item in value.items()
            }
        if isinstance(value, Sequence):
            return [self._mask_json(item, key) for item in value]
        return value

    def _mask_value(self, text: str, key: str) -> str:
        masked = self.mask(text)
        if not key or len(masked) < SHORTEST_FOUND:
            return masked
        before = f'{key} = "'
        return self._mask_found(f'{before}{masked}"', len(before), -1)

    def _mask_found(self, text: str, first: int = 0, last: int | None = None) -> str:
        """Mask what the finder finds between two offsets; return what is between."""
        end = len(text) if last is None else len(text) + last
        kept, at = [], first
        for match in self._finder.find_likely(text):
            if match.end > at and match.start < end:
                kept += [text[at : max(at, match.start)], f"[masked:{match.rule}]"]
                at = min(match.end, end)
        return "".join([*kept, text[at:end]])
