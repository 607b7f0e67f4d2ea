"""The ways in which one known secret can appear in text."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

# Shorter pieces turn up by chance, and masking them would shred the text.
SHORTEST = 6
SHORTEST_PIECE = 12


def forms(secret: str) -> set[str]:
    """Return the secret as itself, escaped for JSON, URLs, HTML and Python, in Base64.

    A secret of many lines, such as a private key, also counts line by line. Forms
    shorter than 6 characters are left out, and so are pieces shorter than 12.
    """
    pieces = [line.strip() for line in secret.splitlines()[1:]]
    return {
        *(form for form in _whole(secret) if len(form) >= SHORTEST),
        *(form for form in _base64(secret) if len(form) >= SHORTEST_PIECE),
        *(piece for piece in pieces if len(piece) >= SHORTEST_PIECE),
    }


def _whole(secret: str) -> Iterator[str]:
    yield from (secret, secret.strip())
    yield repr(secret)[1:-1]
    for ascii_only in (True, False):
        once = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield from (once, once.replace("/", "\\/"))
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]
    for escaped in (quote(secret, safe=""), quote_plus(secret), quote(secret)):
        yield from (escaped, _lower_percent(escaped))
    yield html.escape(secret)


def _lower_percent(escaped: str) -> str:
    first, *rest = escaped.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64(secret: str) -> Iterator[str]:
    """Yield what Base64 makes of the secret, wherever in a longer text it stands.

    Base64 works on groups of three bytes, so there are three alignments; the first
    and last characters of each depend on the neighbours and are left out.
    """
    raw = secret.encode("utf-8", "surrogatepass")
    for shift, skipped in ((0, 0), (1, 2), (2, 3)):
        usable = (shift + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * shift + raw)[skipped:usable].decode()
