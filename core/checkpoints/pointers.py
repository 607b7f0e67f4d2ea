"""Places in a JSON value: JSON pointers (RFC 6901), and patterns over them."""

from collections.abc import Iterable, Sequence

Tokens = tuple[str, ...]

ANY = "*"


def pointer(tokens: Iterable[str]) -> str:
    """Return the pointer to the place that `tokens` lead to; the root is ''."""
    return "".join(
        f"/{token.replace('~', '~0').replace('/', '~1')}" for token in tokens
    )


def tokens_of(text: str) -> Tokens:
    """Return the names and numbers that a pointer leads through."""
    parts = text.split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def matches(pattern: Sequence[str], tokens: Sequence[str]) -> bool:
    """Tell whether each token is that of the pattern, or the pattern has `*` there."""
    return len(pattern) == len(tokens) and all(
        want in (ANY, token) for want, token in zip(pattern, tokens, strict=True)
    )
