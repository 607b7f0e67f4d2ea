"""What a patient person gets out of a text: JSON is read, what is packed unpacked."""

import base64
import gzip
import io
import json
import re
import zipfile
import zlib
from contextlib import suppress


def layers_of(content: bytes) -> list[bytes]:
    """Return some bytes, and all that three rounds of unpacking make of them."""
    texts, found = [content.decode("utf-8", "replace")], [content]
    for _ in range(3):
        texts = [
            inner for text in texts for inner in (*strings_in(text), *unpacked_in(text))
        ]
        found += [text.encode("utf-8", "surrogateescape") for text in texts]
    return found


def strings_in(text: str) -> list[str]:
    """Return the texts in a text that is JSON, or lines of it."""
    found: list[str] = []
    for part in (text, *text.splitlines()):
        try:
            value = json.loads(part)
        except ValueError:
            continue
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                found.append(one)
            elif isinstance(one, list):
                waiting += one
            elif isinstance(one, dict):
                waiting += [*one, *one.values()]
    return [one for one in found if len(one) > 20]


def unpacked_in(text: str) -> list[str]:
    """Return what gzip and zip in Base64 hold."""
    found: list[str] = []
    for run in re.findall(r"(?:[A-Za-z0-9+/]{16,}\s?)+={0,2}", text):
        plain = re.sub(r"[\s=]", "", run)
        data = base64.b64decode(plain[: len(plain) // 4 * 4])
        with suppress(OSError, EOFError, zlib.error):
            found.append(gzip.decompress(data).decode("utf-8", "surrogateescape"))
        with suppress(zipfile.BadZipFile):
            archive = zipfile.ZipFile(io.BytesIO(data))
            found += [archive.read(name).decode() for name in archive.namelist()]
    return found
