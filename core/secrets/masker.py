"""Replaces secrets in text and in JSON values by the name of what they were."""

from collections.abc import Iterable, Iterator

from core.secrets.finder import SecretFinder
from core.secrets.known import Known
from core.secrets.layers import Layer, layers, same
from core.secrets.marks import Found, apart, everywhere, masked
from core.secrets.packed import RULE as PACKED
from core.secrets.texts import Joined, JsonValue, copied

__all__ = ["JsonValue", "Masker"]

OWN = "own-credential"
# No secret is shorter, and most strings in logs and events are.
SHORTEST_FOUND = 8
# A mask can show a secret that stood around the first; more than two are unheard of.
ROUNDS = 4


class Masker:
    """Masks our own credentials exactly, and whatever looks like a secret.

    `known` are the values of our own credentials; their escaped and Base64 forms
    are masked too. Values shorter than 6 characters cannot be masked without
    shredding the text; `unmaskable` counts them, so that someone can be told.

    Invisible characters within a secret, escapes and Base64, also in combination, hide
    nothing: then all is masked that the secret was hidden in. See `layers`.
    """

    def __init__(self, known: Iterable[str], *, finder: SecretFinder) -> None:
        self._known = Known(known)
        self.unmaskable = self._known.unmaskable
        self._finder = finder

    @property
    def is_loaded(self) -> bool:
        """Return whether masking can begin at once, or takes seconds the first time."""
        return self._finder.is_loaded

    def is_plain(self, text: str) -> bool:
        """Return whether there is no secret in a text as it stands, nothing undone."""
        return not self._known.are_in(text) and not self._finder.find_likely(text)

    def mask(self, text: str) -> str:
        """Return `text` with each secret replaced by `[masked:RULE]`.

        Line ends stay: of a secret of many lines each becomes a mask.
        """
        for _ in range(ROUNDS):
            spans = self.found(text)
            if not spans:
                return text
            text = masked(text, spans)
        return text

    def mask_bytes(self, data: bytes) -> bytes:
        """Return UTF-8 with its secrets replaced; other bytes stay as they are."""
        masked = self.mask(data.decode("utf-8", "surrogateescape"))
        return masked.encode("utf-8", "surrogateescape")

    def mask_json(self, value: JsonValue) -> JsonValue:
        """Return a copy of a JSON value with every string in it masked, keys too.

        A string is read together with its key, for `"password": "…"` tells more than
        the value alone.
        """
        for _ in range(ROUNDS):
            joined = Joined(value)
            spans = self.found(joined.text)
            if not spans:
                break
            value = joined.rebuilt(value, spans)
        return copied(value, {})

    def found_plainly(self, text: str) -> list[Found]:
        """Return what is to be masked in a text as it stands, nothing undone."""
        return self._unmasked(self._in_layer(Layer(text, same)), text)

    def stands_free(self, text: bytes, once: bytes) -> bool:
        """Return whether nothing stands in a text in ASCII as it is, nothing undone.

        What can stand within one of its strings alone is looked for where each stands
        `once`.
        """
        if not self._known.may_be_in(once) and self._finder.is_silent(text, once):
            return True
        return not self.found_plainly(text.decode("ascii"))

    def found(self, text: str) -> list[Found]:
        """Return what is to be masked, in order, not overlapping."""
        row = layers(text)
        found = [*self._in_layer(next(row))]
        hidden = [one for layer in row for one in self._in_layer(layer)]
        return self._unmasked([*found, *everywhere(hidden, text)], text)

    def _in_layer(self, layer: Layer) -> Iterator[Found]:
        for start, end in self._known.find(layer.text):
            yield Found(*layer.back(start, end), OWN)
        if len(layer.text) >= SHORTEST_FOUND:
            for match in self._finder.find_likely(layer.text):
                place = layer.back(match.start, match.end)
                yield Found(*place, match.rule)

    def _unmasked(self, found: Iterable[Found], text: str) -> list[Found]:
        return apart(one for one in found if not self._is_mask(one, text))

    def _is_mask(self, found: Found, text: str) -> bool:
        """Return whether it is what this or another masker left; others may pretend."""
        names = set(found.masks(text))
        return bool(names) and names <= self._finder.rules() | {OWN, PACKED}
