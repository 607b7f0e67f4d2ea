"""A small git repository made from dictionaries of files, the same on each machine."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from copy import copy
from pathlib import Path

MOMENT = 1_780_000_000


class GitRepository:
    """A bare repository in `folder`; commits are written without a work tree.

    Nothing of the user's git configuration is read, and people and times are fixed:
    the same commits have the same SHA everywhere.
    """

    def __init__(self, folder: Path, *, branch: str = "main") -> None:
        self.path = folder
        self._default = branch
        self._count = 0
        self._heads: dict[str, str] = {}
        self._program = shutil.which("git") or "git"
        folder.mkdir(parents=True, exist_ok=True)
        first = f"--initial-branch={branch}"
        self.git("init", "--quiet", "--bare", "--template=", first, ".")

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        message: str = "Change files",
        *,
        branch: str | None = None,
        start: str | None = None,
    ) -> str:
        """Commit files onto a branch and return the SHA; None removes a file.

        A branch that is new begins at `start`, or at the default branch. With `start`
        given, an existing branch is moved there first, as a force push would.
        """
        name = branch or self._default
        parent = start or self._heads.get(name) or self._heads.get(self._default)
        self._count += 1
        stream = self._stream(files, message, name, parent)
        # `--force` lets a branch go back, as a force push does.
        out = self.git("fast-import", "--quiet", "--done", "--force", data=stream)
        self._heads[name] = out.decode().strip()
        return self._heads[name]

    def copied_to(self, folder: Path) -> "GitRepository":
        """Return a repository of its own with all that this one holds so far."""
        shutil.copytree(self.path, folder)
        made = copy(self)
        made.path, made._heads = folder, dict(self._heads)
        return made

    def head(self, branch: str | None = None) -> str | None:
        """Return a branch's last commit, or None when there is no such branch."""
        return self._heads.get(branch or self._default)

    def git(self, *arguments: str, data: bytes | None = None) -> bytes:
        """Run git in the repository and return what it prints."""
        environment = {
            "PATH": os.defpath,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        # A fixed program; what varies are a test's own file names.
        return subprocess.run(  # noqa: S603
            [self._program, *arguments],
            cwd=self.path,
            input=data,
            capture_output=True,
            check=True,
            env=environment,
        ).stdout

    def _stream(
        self,
        files: Mapping[str, str | bytes | None],
        message: str,
        branch: str,
        parent: str | None,
    ) -> bytes:
        """Return the commit as `git fast-import` reads it: one process a commit."""
        text = message.encode()
        who = f"Ada <ada@example.com> {MOMENT + 60 * self._count} +0000".encode()
        parts = [
            f"commit refs/heads/{branch}\n".encode(),
            b"mark :1\n",
            b"author " + who + b"\ncommitter " + who + b"\n",
            b"data %d\n%s\n" % (len(text), text),
        ]
        if parent is not None:
            parts.append(f"from {parent}\n".encode())
        for path, content in files.items():
            name = _quoted(path)
            if content is None:
                parts.append(b"D " + name + b"\n")
                continue
            body = content.encode() if isinstance(content, str) else content
            parts.append(b"M 100644 inline " + name + b"\n")
            parts.append(b"data %d\n%s\n" % (len(body), body))
        return b"".join([*parts, b"\nget-mark :1\ndone\n"])


def _quoted(path: str) -> bytes:
    """Return a path as fast-import takes it, whatever its bytes."""
    raw = path.encode("utf-8", "surrogateescape")
    escaped = "".join(f"\\{byte:03o}" for byte in raw)
    return f'"{escaped}"'.encode()
