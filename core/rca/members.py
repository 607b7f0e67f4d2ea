"""The members of a bundle: their names, and what is told of each."""

import re
from dataclasses import dataclass
from hashlib import sha256

# A name that any system unpacks as it is.
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
STRANGE = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST = 64
MARK = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of a bundle: its bytes' number and SHA-256, and who collected it."""

    name: str
    size: int
    sha256: str
    collector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A collector that failed, and how; `member` names what it left half written."""

    collector: str
    error: str
    member: str = ""


def part_of_name(text: str) -> str:
    """Return a text from outside as a part of a file's name, for each text another.

    What is plain stays as it is. The rest loses what is strange, and says by a few
    digits of its SHA-256 which text it was.
    """
    if SAFE.fullmatch(text) and len(text) <= LONGEST:
        return text
    digits = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:MARK]
    plain = STRANGE.sub("-", text).strip("-")[: LONGEST - MARK - 1].rstrip("-")
    return f"{plain}-{digits}" if plain else digits


class Names:
    """Gives each member a name that no other has, on systems without case either."""

    def __init__(self) -> None:
        self._given = set[str]()

    def give(self, stem: str, ending: str) -> str:
        """Return `stem` with its ending, numbered from 2 when it was given before."""
        name, count = f"{stem}{ending}", 1
        while name.lower() in self._given:
            count += 1
            name = f"{stem}-{count}{ending}"
        self._given.add(name.lower())
        return name
