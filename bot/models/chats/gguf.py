"""Reads from the head of a GGUF file how much text its model was made for.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

import struct
from pathlib import Path
from typing import BinaryIO

from core.errors import ModelFileError

MAGIC = b"GGUF"
STRING, ARRAY = 8, 9
# How each plain type of value is packed, by its number.
PLAIN = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
MOST_ENTRIES = 10_000
LONGEST_KEY = 65_535


def trained_context(path: Path) -> int:
    """Return the tokens that the model was made for; raises ModelFileError."""
    try:
        with path.open("rb") as file:
            return _context(file)
    except OSError as error:
        reason = error.strerror or str(error)
    except (struct.error, ValueError, KeyError, UnicodeDecodeError):
        reason = "it is no whole GGUF file"
    raise ModelFileError(path=path, reason=reason)


def _context(file: BinaryIO) -> int:
    if file.read(4) != MAGIC:
        raise ValueError("no GGUF")
    _, _, entries = struct.unpack("<IQQ", file.read(20))
    for _ in range(min(entries, MOST_ENTRIES)):
        key = file.read(_length(file, LONGEST_KEY)).decode()
        (kind,) = struct.unpack("<I", file.read(4))
        if key.endswith(".context_length") and kind in PLAIN:
            (tokens,) = _plain(file, kind)
            return int(tokens)
        _skip(file, kind)
    raise ValueError("no context length")


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == STRING:
        file.seek(_length(file), 1)
    elif kind == ARRAY:
        inner, count = struct.unpack("<IQ", file.read(12))
        if inner in PLAIN:
            file.seek(struct.calcsize(PLAIN[inner]) * count, 1)
        else:
            for _ in range(count):
                _skip(file, inner)
    else:
        _plain(file, kind)


def _plain(file: BinaryIO, kind: int) -> tuple[float, ...]:
    form = PLAIN[kind]
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _length(file: BinaryIO, most: int = 1 << 30) -> int:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > most:
        raise ValueError("too long")
    return int(length)
