"""Takes secrets out of a delivery before it is stored.

GitHub waits for its answer meanwhile, so most deliveries are only looked at: all of one
as it came, and what people wrote in every reading of it. Addresses and node ids, which
GitHub makes, are most of a payload, and look like Base64 to whoever looks for that.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from core.secrets import JsonValue, Masker

# Beyond this, or before the rules are loaded, it is done in a thread.
AT_ONCE = 32 * 1024
MADE_BY_GITHUB = ("url", "node_id", "_at", "sha")
BETWEEN = "\n;;\n"


@dataclass(frozen=True, slots=True)
class Clearing:
    """Looks for secrets in payloads, and masks those that have one."""

    masker: Masker

    def takes_long(self, body: bytes) -> bool:
        """Return whether nobody should be kept waiting for it."""
        return len(body) > AT_ONCE or not self.masker.is_loaded

    def cleared(self, content: bytes, payload: Mapping[str, object]) -> bytes:
        """Return a delivery's JSON, as it came unless there is a secret in it."""
        text = content.decode("utf-8", "surrogateescape")
        words = BETWEEN.join(_words(cast("JsonValue", payload), ""))
        if self.masker.is_plain(text) and self.masker.mask(words) == words:
            return content
        masked = self.masker.mask_json(cast("JsonValue", payload))
        return json.dumps(masked, separators=(",", ":")).encode()


def _words(value: JsonValue, key: str) -> Iterator[str]:
    """Yield what people may have written, names of fields included."""
    if isinstance(value, str):
        if not key.endswith(MADE_BY_GITHUB):
            yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _words(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item, key)
