"""A secret is masked however it was hidden, and nothing else is."""

import base64
import hashlib
import html
import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.secrets import Masker, SecretFinder, shared_finder

OWN = "our own/credential+with=signs"
ROOT = Path(__file__).parents[2]
INVISIBLE = "\u200b\u00ad\u202e\u2066\ufe0f\U000e0041\U000e0101\u2060\ufeff"
# A zero-width space, as UTF-8 read byte by byte.
ZERO_WIDTH = "\xe2\x80\x8b"
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
Way = Callable[[str], str]


@pytest.fixture(scope="module")
def finder() -> SecretFinder:
    """Give one finder for all tests: loading its rules takes seconds."""
    finder = shared_finder()
    finder.warm()
    return finder


def _token(seed: bytes) -> str:
    """Return what looks like a GitHub token; one of zeros alone would not."""
    digest = hashlib.sha512(seed).digest()
    return "ghp_" + "".join(ALNUM[byte % 62] for byte in digest[:36])


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _some_percent(text: str) -> str:
    return "".join(c if at % 2 else _percent(c) for at, c in enumerate(text))


def _wrapped(text: str, at: int = 76) -> str:
    encoded = base64.b64encode(b"x" * 70 + text.encode() + b"y" * 70).decode()
    return "\n".join(textwrap.wrap(encoded, at))


WAYS: dict[str, Way] = {
    "plain": str,
    "invisible": lambda text: "".join(
        c + INVISIBLE[at % len(INVISIBLE)] for at, c in enumerate(text)
    ),
    "tags alone": lambda text: "".join(chr(0xE0000 + ord(c)) for c in text),
    "percent": _percent,
    "some percent": _some_percent,
    "percent twice": lambda text: quote(_percent(text)),
    "percent mixed twice": lambda text: _some_percent(_some_percent(text)),
    "invisible in percent": lambda text: quote("\u200d".join(text)),
    "json": lambda text: (
        json.dumps(f"\u00e9{text}").replace("=", "\\u003d").replace("_", "\\u005f")
    ),
    "json twice": lambda text: json.dumps(
        json.dumps(f"\n{text}\n").replace("_", "\\u005f").replace("o", "\\u006f")
    ),
    "html": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "html in hex": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(
        b"\xff\xfe\xfd" + text.encode() + b"\xff"
    ).decode(),
    "base64, wrapped": _wrapped,
    "base64, wrapped at 64": lambda text: _wrapped(text, 64),
    "base64, CRLF": lambda text: _wrapped(text).replace("\n", "\r\n"),
    "base64 in a diff": lambda text: textwrap.indent(_wrapped(text), "+"),
    "base64 in a list": lambda text: ",\n".join(
        f'    "{line}"' for line in _wrapped(text).split("\n")
    ),
    "base64 in json": lambda text: json.dumps(_wrapped(text)),
    "base64 twice": lambda text: _wrapped(_wrapped(text)),
    "base64 of utf-16": lambda text: base64.b64encode(
        text.encode("utf-16-le")
    ).decode(),
    "invisible in base64 in percent": lambda text: quote(
        _wrapped("\u200b".join(text)), safe=""
    ),
}


def _readings(text: str) -> list[str]:
    """Return what somebody could make of a text, told by other means than ours."""
    seen = [text, "".join(chr(ord(c) & 0x7F) for c in text if ord(c) >= 0xE0020)]
    for one in seen[:1]:
        plain = re.sub(f"[{INVISIBLE}\u200d]", "", one)
        for _ in range(3):
            plain = re.sub("[\u200b\u200d]", "", unquote(html.unescape(plain)))
            plain = re.sub(r"\\+u00(\w\w)", lambda m: chr(int(m[1], 16)), plain)
            plain = plain.replace("\\\\n", "\n").replace("\\n", "\n")
            seen.append(plain)
            for _ in range(2):
                plain = "\n".join([plain, *_from_base64(plain)])
                seen.append(re.sub("[\u200b\u200d\0]", "", plain))
                seen.append(plain.replace(ZERO_WIDTH, ""))
    return seen


def _from_base64(text: str) -> list[str]:
    bare = re.sub(r"[\"',]*\s*\n[\s\"'+]*", "", text).translate(
        str.maketrans("-_", "+/")
    )
    words = [word for word in re.findall(r"[\w+/]+", bare, re.ASCII) if len(word) > 15]
    return [
        base64.b64decode(word[shift:] + "A" * (-len(word[shift:]) % 4)).decode(
            "latin-1"
        )
        for word in words
        for shift in range(4)
    ]


@pytest.mark.parametrize("way", WAYS)
@given(
    st.binary(min_size=1, max_size=8),
    st.sampled_from(["", "x", "let key = '", "- see\n\n    ", "héllo \U0001f389 "]),
    st.sampled_from(["", "'", " and more\n", "\n\nnothing here: 42\n"]),
)
@settings(max_examples=15, deadline=None)
def test_a_hidden_secret_is_masked(
    finder: SecretFinder, way: str, seed: bytes, before: str, after: str
) -> None:
    """Somebody else's token and our own credential, wherever they stand."""
    masker = Masker([OWN], finder=finder)
    for secret in (_token(seed), OWN):
        gap = "" if before[-1:] in ("", "'", " ") else " "
        text = f"{before}{gap}{WAYS[way](secret)}{after}"
        assert any(secret in one for one in _readings(text)), "the test sees nothing"

        masked = masker.mask(text)

        assert not any(secret in one for one in _readings(masked))
        assert masked.startswith(before.strip(" x"))
        assert masked.endswith(after)
        assert masked.count("\n") == text.count("\n")
        assert masker.mask(masked) == masked


@pytest.mark.parametrize("way", WAYS)
def test_a_hidden_secret_in_json_is_masked(finder: SecretFinder, way: str) -> None:
    """Also as a key, also deep inside; what stands beside it stays."""
    masker = Masker([OWN], finder=finder)
    token = _token(b"json")
    hidden = WAYS[way](token)

    masked = masker.mask_json({"a": ["beside it", {"b": hidden}], f"{hidden} ": 1})

    assert isinstance(masked, dict)
    first, second = masked["a"]
    assert first == "beside it"
    assert "[masked:" in second["b"]
    assert not any(token in one for one in _readings(json.dumps(masked)))


def test_every_line_of_a_key_stays_a_line(finder: SecretFinder) -> None:
    """A diff or a file has as many lines afterwards, with their line ends."""
    body = textwrap.wrap(
        base64.b64encode(hashlib.sha512(b"k").digest() * 9).decode(), 64
    )
    lines = ["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"]
    for end in ("\n", "\r\n"):
        text = end.join(["first", *lines, "last"])
        masked = Masker([], finder=finder).mask(text).split(end)
        assert masked[0] == "first"
        assert masked[-1] == "last"
        assert len(masked) == len(lines) + 2
        assert not set(body) & set(masked)


def test_bytes_that_are_no_text_stay(finder: SecretFinder) -> None:
    """A file in another encoding keeps its bytes around the mask."""
    token = _token(b"bytes").encode()
    masked = Masker([], finder=finder).mask_bytes(
        b"caf\xe9 \xff\0 '" + token + b"'\xfe"
    )
    assert masked == b"caf\xe9 \xff\0 '[masked:betterleaks.github-pat]'\xfe"


def test_what_is_no_secret_stays(finder: SecretFinder) -> None:
    """Our own sources are full of escapes, digests, and words as in Base64."""
    masker = Masker([OWN], finder=finder)
    paths = [*ROOT.glob("core/**/*.py"), *ROOT.glob("bot/**/*.py")]
    texts = [path.read_text() for path in paths]
    assert len(texts) > 300
    changed = [text for text in texts if masker.mask(text) != text]
    assert changed == [text for text in texts if finder.find_likely(text)]


def test_a_text_that_only_mentions_masks_stays(finder: SecretFinder) -> None:
    """So masking twice changes nothing, and a false mask hides no secret."""
    masker = Masker([OWN], finder=finder)
    text = "postgres://app:[masked:betterleaks.github-pat]@db/x and [masked:x]"
    assert masker.mask(text) == text
    token = _token(b"mask")
    assert token not in masker.mask(f"postgres://app:[masked:{token}]@db/x")
    assert token not in masker.mask(f"[masked:{token}]")


HOSTILE = {
    "percent of percent": "%" + "25" * 150_000,
    "percents": "%25" * 100_000,
    "three deep": "%25252541" * 33_000,
    "letters of base64": "A" * 300_000,
    "base64 of words": base64.b64encode(b"hello wor" * 25_000).decode(),
    "base64 of base64 of base64": base64.b64encode(
        base64.b64encode(base64.b64encode(b"% hello wor" * 11_000))
    ).decode(),
    "lines of base64": base64.encodebytes(b"hello wor" * 25_000).decode(),
    "nothing to be seen": "\u200b" * 300_000,
    "every second unseen": "a\u200b" * 150_000,
    "backslashes": "\\" * 300_000,
    "lines that are cut": "aaaa\n+++" * 40_000,
    "blanks between": ("aaaaaaaaaaaaaaaaaaaa\n" + " " * 5000) * 60,
    "half characters": "\udcff" * 300_000,
    "tags": "\U000e0041" * 300_000,
    "secrets": f"{_token(b'many')} " * 7_500,
    "hidden secrets": f"{_percent(_token(b'many'))} " * 2_500,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", HOSTILE)
def test_text_made_to_slow_masking_down_does_not(
    finder: SecretFinder, name: str
) -> None:
    """A third of a megabyte of it is read to its end, and the token behind found."""
    token = _token(b"behind")
    masked = Masker([OWN], finder=finder).mask(f"{HOSTILE[name]}\n'{token}'\n")
    assert token not in masked


@pytest.mark.parametrize("way", ["base64", "base64, wrapped", "percent", "json twice"])
def test_what_hides_a_secret_is_masked_wherever_it_stands(
    finder: SecretFinder, way: str
) -> None:
    """However often; it is undone once."""
    hidden = WAYS[way](_token(b"often"))
    masker = Masker([], finder=finder)
    shown = masker.mask(" and ".join([hidden] * 20))
    assert hidden.split("\n")[0] not in shown
    assert hidden not in str(masker.mask_json([[f"{at} {hidden}"] for at in range(9)]))
