"""Tells what is packed from what can be read as it is."""

import re

# What files of a kind begin with; the list is that of what tools unpack unasked.
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"PK\x07\x08", "a zip archive"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
    (b"%PDF-", "a PDF"),
)
# An archive may stand behind other bytes, as in a program that unpacks itself.
WITHIN = re.compile(
    rb"PK\x03\x04|\x1f\x8b\x08[\x00-\x1f]|\x28\xb5\x2f\xfd|BZh[1-9]1AY&SY"
    rb"|\xfd7zXZ\x00|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x04\x22\x4d\x18"
)
# zlib's own header has no fixed beginning: two bytes, a multiple of 31.
ZLIB = b"\x78"
TAR = 257


def kind_of(data: bytes) -> str:
    """Return what kind of packed bytes these are, empty when none is known."""
    for beginning, kind in BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[TAR : TAR + 5] == b"ustar":
        return "a tar archive"
    if data.startswith(ZLIB) and len(data) > 1 and not (data[0] << 8 | data[1]) % 31:
        return "zlib" if _is_binary(data) else ""
    if WITHIN.search(data) and _is_binary(data):
        return "packed bytes within others"
    return ""


def _is_binary(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return b"\0" in data
