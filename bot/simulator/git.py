"""Reads a git repository by asking git itself; nothing here writes."""

import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path

from core.errors import GitReadError
from core.processes import running

# The answers must not depend on who runs the simulator.
ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A partial clone must not fetch what it lacks.
    "GIT_ALLOW_PROTOCOL": "none",
}
SETTINGS = (
    # The folder was named by whoever runs this, so it may be another user's; nothing
    # that its own configuration could start is asked for below.
    *("-c", "safe.directory=*"),
    *("-c", "core.quotePath=true"),
    *("-c", "diff.renames=true"),
    *("-c", "diff.noprefix=false"),
    *("-c", "diff.mnemonicPrefix=false"),
    *("-c", f"diff.orderFile={os.devnull}"),
    *("-c", f"core.attributesFile={os.devnull}"),
)
DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a tree: its mode, blob, tree or commit, name, and size in bytes."""

    mode: str
    kind: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit as git tells it; times are ISO 8601 with an offset."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: tuple[str, str, str]
    committer: tuple[str, str, str]
    message: str


class Git:
    """One repository on disk, bare or with a work tree."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = shutil.which("git") or "git"

    async def run(self, *arguments: str, ok: tuple[int, ...] = (0,)) -> bytes:
        """Return what git prints; raises GitReadError when it fails."""
        async with running(
            *(self._program, "-C", str(self._folder), *SETTINGS, *arguments),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=ENVIRONMENT,
        ) as process:
            out, err = await process.communicate()
        if process.returncode not in ok:
            reason = err.decode("utf-8", "replace").strip() or "git failed"
            raise GitReadError(path=self._folder, reason=reason)
        return out

    async def resolve(self, ref: str) -> str | None:
        """Return the commit that `ref` names, or None."""
        if not ref or ref.startswith("-"):
            return None
        name = ("--end-of-options", f"{ref}^{{commit}}")
        out = await self.run("rev-parse", "--verify", "--quiet", *name, ok=(0, 1, 128))
        return out.decode().strip() or None

    async def merge_base(self, base: str, head: str) -> str | None:
        """Return the commit that two histories last shared, or None."""
        out = await self.run("merge-base", "--end-of-options", base, head, ok=(0, 1))
        return out.decode().strip() or None

    async def contains(self, ancestor: str, descendant: str) -> bool:
        """Say whether `ancestor` is in the history of `descendant`."""
        return await self.merge_base(ancestor, descendant) == ancestor

    async def diff(self, base: str, head: str) -> bytes:
        """Return the unified diff of two commits."""
        return await self.run(*DIFF, "--end-of-options", base, head, "--")

    async def raw_diff(self, base: str, head: str) -> bytes:
        """Return `--raw -z` of two commits: modes, blobs, states and paths."""
        options = ("--raw", "-z", "--no-abbrev", "--end-of-options")
        return await self.run(*DIFF, *options, base, head, "--")

    async def moved_lines(self, old: str, new: str, path: str) -> bytes:
        """Return the diff of one file without context."""
        pathspec = f":(literal,top){path}"
        return await self.run(
            *DIFF, "-U0", "--end-of-options", old, new, "--", pathspec
        )

    async def commits(self, base: str, head: str) -> tuple[str, ...]:
        """Return the commits of `head` that are not in `base`, oldest first."""
        span = ("--end-of-options", head, f"^{base}")
        out = await self.run("rev-list", "--reverse", *span)
        return tuple(out.decode().split())

    async def commit(self, sha: str) -> Commit:
        """Return one commit by its SHA."""
        layout = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        options = ("--no-walk", "--no-show-signature", f"--format={layout}")
        out = await self.run("log", *options, "--end-of-options", sha)
        parts = out.decode("utf-8", "replace").rstrip("\n").split("\0")
        return Commit(
            sha=parts[0],
            tree=parts[1],
            parents=tuple(parts[2].split()),
            author=(parts[3], parts[4], parts[5]),
            committer=(parts[6], parts[7], parts[8]),
            message=parts[9],
        )

    async def entry(self, commit: str, path: str) -> Entry | None:
        """Return what lies at `path` in a commit; the empty path is its root."""
        if not path:
            tree = (await self.commit(commit)).tree
            return Entry(mode="040000", kind="tree", sha=tree, size=None, path="")
        out = await self.run("ls-tree", "--full-tree", "-z", "-l", commit, "--", path)
        found = [entry for entry in _entries(out) if entry.path == path]
        return found[0] if found else None

    async def entries(self, tree: str) -> list[Entry]:
        """Return what a tree holds."""
        return _entries(await self.run("ls-tree", "-z", "-l", tree))

    async def blob(self, sha: str) -> bytes | None:
        """Return a blob's bytes, or None when there is none of that name."""
        kind = await self.run("cat-file", "-t", sha, ok=(0, 1, 128))
        if kind.strip() != b"blob":
            return None
        return await self.run("cat-file", "blob", sha)


def _entries(out: bytes) -> list[Entry]:
    """Read the records of `git ls-tree -z -l`."""
    entries = []
    for record in out.split(b"\0"):
        if not record:
            continue
        facts, _, path = record.partition(b"\t")
        mode, kind, sha, size = facts.decode().split()
        entries.append(
            Entry(
                mode=mode,
                kind=kind,
                sha=sha,
                size=None if size == "-" else int(size),
                path=path.decode("utf-8", "surrogateescape"),
            )
        )
    return entries
