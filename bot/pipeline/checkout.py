"""Reads a local git repository by asking git, within bounds; nothing here writes."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import (
    DiffTooLargeError,
    GitMissingError,
    GitReadError,
    NoCommonHistoryError,
    NotARepositoryError,
    UnknownRefError,
)
from core.processes import running

CHUNK = 1 << 20
REGULAR = ("100644", "100755")
# What a repository's or a person's own configuration must not change or start.
SETTINGS = (
    *("-c", "core.fsmonitor=false"),
    *("-c", "diff.suppressBlankEmpty=false"),
    *("-c", "protocol.allow=never"),
)
DIFF = (
    "diff",
    *("--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"),
    *("--find-renames", "--submodule=short", "-O/dev/null"),
)
PATCH = (
    *("--patch", "--full-index", "--unified=3", "--inter-hunk-context=0"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)
RAW = ("--raw", "-z", "--no-abbrev")
INHERITED = ("PATH", "HOME", "XDG_CONFIG_HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit: its SHA, the first line of its message, and the rest."""

    sha: str
    subject: str
    body: str


class Checkout:
    """A git repository on this machine, named by any folder in it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        """`environ` is where PATH and HOME come from; GIT_* variables are ignored."""
        self._folder = folder
        self._environ = {name: environ[name] for name in INHERITED if name in environ}
        self._environ |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        self._program = shutil.which("git", path=self._environ.get("PATH"))

    async def check(self) -> None:
        """Raise NotARepositoryError unless git can work in the folder."""
        if not await asyncio.to_thread(self._folder.is_dir):
            raise NotARepositoryError(path=self._folder, reason="no such folder")
        try:
            await self.run("rev-parse", "--git-dir")
        except GitReadError as error:
            reason = str(error.facts["reason"]).removeprefix("fatal: ")
            raise NotARepositoryError(path=self._folder, reason=reason) from None

    async def commit(self, ref: str) -> Commit:
        """Return the commit that `ref` names; raises UnknownRefError."""
        unknown = UnknownRefError(ref=ref, path=self._folder)
        if not ref or ref.startswith("-") or "\0" in ref:
            raise unknown
        try:
            name = ("--end-of-options", f"{ref}^{{commit}}")
            out = await self.run("rev-parse", "--verify", "--quiet", *name)
        except GitReadError:
            raise unknown from None
        sha = out.decode("ascii").strip()
        layout = ("--no-show-signature", "--no-color", "--format=%s%x00%b")
        out = await self.run("log", "-1", *layout, sha)
        subject, _, body = out.decode("utf-8", "replace").partition("\0")
        return Commit(sha=sha, subject=subject, body=body.strip())

    async def merge_base(self, base: str, head: str) -> str:
        """Return the SHA that two histories last shared; NoCommonHistoryError."""
        try:
            out = await self.run("merge-base", base, head)
        except GitReadError:
            raise NoCommonHistoryError(base=base, head=head) from None
        return out.decode("ascii").strip()

    async def diff(self, base: str, head: str, *, max_bytes: int) -> bytes:
        """Return the unified diff of two SHAs; DiffTooLargeError past `max_bytes`."""
        return await self.run(*DIFF, *PATCH, base, head, "--", max_bytes=max_bytes)

    async def file_at(self, sha: str, path: str, *, max_bytes: int) -> bytes | None:
        """Return a regular file's bytes at a commit, None where there is none.

        Raises DiffTooLargeError past `max_bytes`.
        """
        row = await self.run("ls-tree", "-z", "--full-tree", sha, "--", path)
        facts, _, _ = row.decode("utf-8", "surrogateescape").partition("\t")
        mode, _, blob = [*facts.split(), "", "", ""][:3]
        if mode not in REGULAR:
            return None
        return await self.run("cat-file", "blob", blob, max_bytes=max_bytes)

    async def changed_files(
        self, base: str, head: str, *, max_file: int, max_total: int
    ) -> dict[str, bytes]:
        """Return the changed regular files at `head`, as long as they fit the bounds.

        Files above `max_file` bytes are left out, and so is whatever follows once
        `max_total` bytes are held; files with a NUL byte are binary and left out too.
        """
        out = await self.run(*DIFF, *RAW, base, head, "--")
        blobs = _regular_blobs(out)
        sizes = await self._sizes(list(blobs.values()))
        chosen: dict[str, str] = {}
        room = max_total
        for path, sha in blobs.items():
            size = sizes.get(sha, max_file + 1)
            if size <= min(max_file, room):
                chosen[path] = sha
                room -= size
        contents = await self._contents(list(chosen.values()))
        found = zip(chosen, contents, strict=True)
        return {path: data for path, data in found if b"\0" not in data}

    async def _sizes(self, shas: Sequence[str]) -> dict[str, int]:
        """Return the size in bytes of each blob that is there."""
        if not shas:
            return {}
        asked = "".join(f"{sha}\n" for sha in shas).encode()
        out = await self.run("cat-file", "--batch-check", given=asked)
        rows = [line.split() for line in out.decode("ascii", "replace").splitlines()]
        return {row[0]: int(row[2]) for row in rows if row[1:2] == ["blob"]}

    async def _contents(self, shas: Sequence[str]) -> list[bytes]:
        """Return the bytes of blobs that are known to be there, in order."""
        if not shas:
            return []
        asked = "".join(f"{sha}\n" for sha in shas).encode()
        out = await self.run("cat-file", "--batch", given=asked)
        contents, at = [], 0
        for _ in shas:
            start = out.index(b"\n", at) + 1
            size = int(out[at:start].split()[2])
            contents.append(out[start : start + size])
            at = start + size + 1
        return contents

    async def run(
        self, *arguments: str, given: bytes | None = None, max_bytes: int | None = None
    ) -> bytes:
        """Return what git prints, at most `max_bytes`, having `given` to read.

        Raises GitReadError when it fails, DiffTooLargeError when it prints more.
        """
        if self._program is None:
            raise GitMissingError
        async with running(
            *(self._program, *SETTINGS, *arguments),
            cwd=self._folder,
            env=self._environ,
            stdin=DEVNULL if given is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
        ) as process:
            if max_bytes is None:
                out, err = await process.communicate(given)
            else:
                out, err = await _bounded(process, max_bytes)
        if process.returncode:
            reason = err.decode("utf-8", "replace").strip() or "git failed"
            raise GitReadError(path=self._folder, reason=reason.splitlines()[0])
        return out


async def git_version(environ: Mapping[str, str]) -> str:
    """Return what git calls itself, such as `git version 2.39.5`; GitMissingError."""
    out = await Checkout(Path(), environ).run("--version")
    return out.decode("utf-8", "replace").strip()


async def _bounded(process: Process, limit: int) -> tuple[bytes, bytes]:
    """Read both outputs of a process; DiffTooLargeError past `limit` bytes."""
    out, err = process.stdout, process.stderr
    if out is None or err is None:
        raise RuntimeError("the process was started without pipes")
    errors = asyncio.create_task(err.read())
    try:
        held = bytearray()
        while chunk := await out.read(CHUNK):
            held += chunk
            if len(held) > limit:
                raise DiffTooLargeError(
                    size=f"more than {limit}", unit="bytes", limit=limit
                )
        await process.wait()
        return bytes(held), await errors
    finally:
        errors.cancel()


def _regular_blobs(raw: bytes) -> dict[str, str]:
    """Read `git diff --raw -z`: the path and blob of each regular file on the right."""
    blobs = {}
    fields = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    for facts in fields:
        if not facts:
            continue
        _, mode, _, sha, status = facts.split(" ")
        path = next(fields)
        if status[0] in "RC":
            path = next(fields)
        if mode in REGULAR:
            blobs[path] = sha
    return blobs
