"""Which walls stand around a child, and the words that build them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.sandbox.command import Command, Isolation

BUBBLEWRAP = Path("/usr/bin/bwrap")
LAUNCHER = Path(__file__).with_name("launch.py")
PATH = "/usr/local/bin:/usr/bin:/bin"
UNLIMITED = -1

# What a program needs of the system to start: its libraries and the interpreter.
# Home folders, /etc and the rest, where keys and settings lie, are not even visible.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
LINKER = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A command with the program found, a folder made, and the walls chosen.

    `tasks` is how many threads the child's user runs already, 0 when unknown.
    """

    command: Command
    program: str
    home: Path
    tasks: int
    isolation: Isolation
    wrapper: Path

    @property
    def cwd(self) -> Path:
        """Return the folder that the program starts in."""
        return self.command.workdir or self.home / "work"

    def words(self, leash: int) -> list[str]:
        """Return all words of the child; the descriptor `leash` holds the launcher."""
        wall = self._bubblewrap() if self.isolation == "bubblewrap" else ()
        return [*wall, *self._launcher(leash), self.program, *self.command.argv[1:]]

    def environment(self) -> dict[str, str]:
        """Return every variable the program sees: nothing of the service's own."""
        return {
            "PATH": PATH,
            "HOME": str(self.home / "home"),
            "TMPDIR": str(self.home / "tmp"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "NO_COLOR": "1",
            **self.command.environment,
        }

    def _launcher(self, leash: int) -> Iterator[str]:
        limits = self.command.limits
        # The kernel counts all of the user's tasks, so ours come on top of them.
        # Where they cannot be counted, a limit could only be wrong.
        processes = self.tasks + limits.processes if self.tasks else UNLIMITED
        yield from (sys.executable, "-I", "-S", "-B", str(LAUNCHER), str(leash))
        yield str(limits.cpu_seconds)
        yield str(limits.memory_bytes)
        yield str(limits.file_bytes)
        yield str(processes)

    def _bubblewrap(self) -> Iterator[str]:
        yield str(self.wrapper)
        yield from ("--unshare-all", "--die-with-parent", "--cap-drop", "ALL")
        yield from ("--dev", "/dev", "--proc", "/proc")
        readable = [*SYSTEM, *LINKER, sys.prefix, sys.base_prefix, str(LAUNCHER)]
        if not any(Path(self.program).is_relative_to(path) for path in readable):
            readable.append(self.program)
        if self.command.network:
            yield "--share-net"
            readable += NETWORK
        for path in readable:
            yield from ("--ro-bind-try", path, path)
        if self.command.workdir is not None:
            yield from ("--ro-bind", str(self.cwd), str(self.cwd))
        yield from ("--bind", str(self.home), str(self.home))
        yield from ("--remount-ro", "/", "--chdir", str(self.cwd), "--")
