"""Bundles made by hand: honest ones, and what somebody may pass off as one."""

import fnmatch
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import BundleRefusedError
from core.rca.archive import Archive, read_bundle
from core.rca.built import FORMAT
from core.rca.manifest import MANIFEST, SUMS

RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
NAME = f"rca-{RUN}-20261129T031500Z.tar.gz"
AS_OF = 1_795_922_100
FIRST = ("00-REPORT.md", "report.html", MANIFEST, SUMS)
Entry = tuple[tarfile.TarInfo, bytes]


def entry(name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE) -> Entry:
    """Return one member with the header that a bundle gives it."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode, info.type = len(content), AS_OF, 0o644, kind
    return info, content


def tarred(entries: Iterable[Entry], *, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """Return a tar archive of these members, whatever they are."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content) if content else None)
    return file.getvalue()


def zipped(data: bytes, level: int = 6) -> bytes:
    """Return the data as gzip packs it, without a time."""
    return gzip.compress(data, level, mtime=0)


def sha256(data: bytes) -> str:
    """Return the sum of some bytes."""
    return hashlib.sha256(data).hexdigest()


def manifest_of(members: Mapping[str, bytes], **more: Any) -> dict[str, Any]:
    """Return a manifest that names these members."""
    listed = [
        {"name": name, "size": len(data), "sha256": sha256(data), "collector": "hand"}
        for name, data in members.items()
    ]
    return {
        "format": FORMAT,
        "name": NAME,
        "run_id": RUN,
        "repository": "octo/hello",
        "pull": 7,
        "head_sha": "a" * 40,
        "status": "failed",
        "conclusion": None,
        "outcome": "GitHub refused the review",
        "seq": 9,
        "head_hash": "0" * 64,
        "as_of": "2026-11-29T03:15:00.000+00:00",
        "made_by": "nofx/0.1.0",
        "cause": {
            "name": "github_invalid",
            "sentence": "GitHub refused the review with 422.",
            "confidence": "certain",
        },
        "members": listed,
        "errors": [],
        **more,
    }


def sums_of(members: Mapping[str, bytes]) -> bytes:
    """Return the list of sums that `sha256sum -c` reads."""
    lines = (f"{sha256(data)}  {name}\n" for name, data in members.items())
    return "".join(lines).encode()


def listed(members: Mapping[str, bytes], **more: Any) -> dict[str, bytes]:
    """Return the members with a manifest and sums that fit them."""
    manifest = json.dumps(manifest_of(members, **more)).encode()
    whole = {**members, MANIFEST: manifest}
    return {**whole, SUMS: sums_of(whole)}


def ordered(members: Mapping[str, bytes]) -> list[Entry]:
    """Return the members as a bundle has them: what is read first, then by name."""
    first = [name for name in FIRST if name in members]
    rest = sorted(name for name in members if name not in FIRST)
    return [entry(name, members[name]) for name in (*first, *rest)]


def bundle(members: Mapping[str, bytes], **more: Any) -> bytes:
    """Return an honest bundle of these members."""
    return zipped(tarred(ordered(listed(members, **more))))


SMALL: Mapping[str, bytes] = {
    "00-REPORT.md": b"# It failed\n\nGitHub refused the review with 422.\n",
    "report.html": b"<!doctype html><title>It failed</title>",
    "run/run.json": b'{"status": "failed"}',
    "events/events.ndjson": b"",
    "logs/merged.ndjson": b'{"event": "refused"}\n' * 40,
}


def members_in(data: bytes) -> dict[str, bytes]:
    """Return what a bundle holds, in its order, as Python's own reader finds it."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return {
            one.name: (archive.extractfile(one) or io.BytesIO()).read()
            for one in archive.getmembers()
        }


def reworked(
    data: bytes, changes: Mapping[str, Callable[[bytes], bytes | None]]
) -> bytes:
    """Return a bundle as somebody would forge it: changed, and with lists that fit.

    Each member that fits a pattern is changed, or taken out by None.
    """
    members = members_in(data)
    manifest = json.loads(members.pop(MANIFEST))
    del members[SUMS], manifest["members"]
    for pattern, change in changes.items():
        for name in fnmatch.filter(members, pattern):
            made = change(members[name])
            if made is None:
                del members[name]
            else:
                members[name] = made
    return bundle(members, **manifest)


def read(file: Path, data: bytes, **more: Any) -> Archive:
    """Read bytes as somebody who was sent them."""
    file.write_bytes(data)
    return read_bundle(file, **more)


def refused(file: Path, data: bytes, **more: Any) -> tuple[str, str]:
    """Return at which member a file is refused, and why."""
    with pytest.raises(BundleRefusedError) as caught:
        read(file, data, **more)
    return str(caught.value.facts["member"]), str(caught.value.facts["reason"])
