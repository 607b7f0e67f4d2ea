"""Secrets that a test plants, and the places where none of them may turn up."""

import base64
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import zstandard

from bot.simulator.registering import new_private_key
from core.secrets.forms import forms
from core.store.database import Database

FRAME = b"\x28\xb5\x2f\xfd"
MOST = 64 * 1024 * 1024
KEY_LINE = 40


def hidden(secret: str) -> Mapping[str, str]:
    """Return a secret in clothes that people and programs see through."""
    encoded = base64.b64encode(f"a longer text around {secret} to wrap".encode())
    return {
        "invisible": "\u200b".join(secret),
        "percent": quote("".join(f"%{ord(c):02x}" for c in secret)),
        "base64": "\n".join(textwrap.wrap(encoded.decode(), 64)),
        "escaped": "".join(f"\\u{ord(c):04x}" for c in secret),
    }


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """Secrets by their kinds; `token` is the one that is hidden in several ways too."""

    token: str = "ghp_" + "kT4mQ9xW2rL7vB5nZ8cJ3hF6dS1gP0aYeUiO"
    installation: str = "ghs_" + "eyJhbGciOiJ9.eyJpc3MiOjF9.Q7w-" * 9
    aws_id: str = "AKIA" + "Q3EGRTZ5VYNPLK7W"
    aws_secret: str = "kG8vT2qLw9ZrX4nYcB7mJpF3sD6hA1eUo5iQx0Rt"
    key: str = ""
    own: str = ""

    @classmethod
    def made(cls, own: str) -> "Canaries":
        """Return fresh ones; `own` is a credential that the settings hold."""
        return cls(key=new_private_key().strip(), own=own)

    def text(self) -> str:
        """Return all of them as somebody may paste them."""
        return "\n\n".join(
            [
                f"token: {self.token}",
                f"Authorization: Bearer {self.installation}",
                f"aws_access_key_id = {self.aws_id}",
                f'aws_secret_access_key = "{self.aws_secret}"',
                f"our own: {self.own}",
                self.key,
                *(f"{way}: {text}" for way, text in hidden(self.token).items()),
            ]
        )

    def needles(self) -> dict[str, str]:
        """Return what may be nowhere, with what it is."""
        plain = {
            "token": self.token,
            "installation token": self.installation,
            "AWS secret": self.aws_secret,
            "own credential": self.own,
        }
        lines = [line for line in self.key.splitlines() if len(line) > KEY_LINE]
        return {
            **{text: f"{kind}" for kind, text in plain.items()},
            **{f: f"{kind}, as a form" for kind, t in plain.items() for f in forms(t)},
            **{line: f"line {at} of the key" for at, line in enumerate(lines)},
            **{
                piece: f"token, {way}"
                for way, text in hidden(self.token).items()
                for piece in text.split("\n")
            },
        }


def seen(data: bytes | str, needles: Mapping[str, str]) -> set[str]:
    """Return which of the secrets stand in some bytes, by what they are."""
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    return {kind for needle, kind in needles.items() if needle.encode() in raw}


async def documents(database: Database) -> list[tuple[str, bytes]]:
    """Return every value of every document, unpacked, with where it lies."""
    found: list[tuple[str, bytes]] = []
    for name in await database.db.list_collection_names():
        for document in await database.db[name].find({}).to_list(None):
            place = f"{name}/{document['_id']}"
            found += [(f"{place}{at}", value) for at, value in _values(document, "")]
    return found


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a folder, and every packed part that lies somewhere in it."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield path.name, data
        for match in re.finditer(re.escape(FRAME), data):
            if unpacked := _unpacked(data[match.start() :]):
                yield f"{path.name}@{match.start()}", unpacked


def _values(value: Any, at: str) -> Iterator[tuple[str, bytes]]:
    match value:
        case dict():
            for name, item in value.items():
                yield f"{at}.{name}", str(name).encode()
                yield from _values(item, f"{at}.{name}")
        case list():
            for item in value:
                yield from _values(item, f"{at}[]")
        case bytes():
            yield at, value
            yield from ((f"{at}, unpacked", one) for one in _packed(value))
        case str():
            yield at, value.encode("utf-8", "surrogateescape")
            yield from _parsed(value, at)
        case _:
            return


def _packed(value: bytes) -> Iterable[bytes]:
    if value.startswith(FRAME):
        unpacked = _unpacked(value)
        assert unpacked
        yield unpacked
        yield from (one for _, one in _parsed(unpacked.decode("utf-8", "replace"), ""))


def _parsed(text: str, at: str) -> Iterator[tuple[str, bytes]]:
    """Yield what is in a text that is JSON, without JSON's escapes."""
    if text[:1] in ("{", "["):
        try:
            value = json.loads(text)
        except ValueError:
            return
        yield from _values(value, f"{at}, parsed")


def _unpacked(data: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except zstandard.ZstdError:
        return b""
