"""A PostgreSQL of the machine's own packages in a folder of its own, for the peers."""

import asyncio
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.programs.peers_venv import NotInstalledError

DEBIAN = Path("/usr/lib/postgresql")
# Its own defaults, said aloud: a commit is on the disk before it is acknowledged.
DURABLE = "-c fsync=on -c synchronous_commit=on"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom its programs run as, since they refuse to run as root; None for oneself."""

    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] | None = None

    async def run(self, *words: object) -> None:
        """Run a program to its end; raises NotInstalledError with its last words."""
        process = await asyncio.create_subprocess_exec(
            *map(str, words),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            user=self.user,
            group=self.group,
            extra_groups=self.groups,
        )
        _, errors = await process.communicate()
        if process.returncode != 0:
            last = (errors.decode().strip() or f"{words[0]} failed").splitlines()[-1]
            raise NotInstalledError(last)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server: the folder of its socket, and its process id."""

    folder: Path
    pid: int

    def address(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}"


@asynccontextmanager
async def postgres(databases: Sequence[str]) -> AsyncIterator[Postgres]:
    """Yield a server that has these databases and listens on its socket alone.

    Raises NotInstalledError.
    """
    programs, account = _programs(), _account()
    folder = Path(tempfile.mkdtemp(prefix="nofx-pg-"))
    data, log = folder / "data", folder / "log"
    try:
        if account.user is not None:
            os.chown(folder, account.user, -1)
        await account.run(
            *(programs / "initdb", "--pgdata", data, "--username", "postgres"),
            *("--auth", "trust", "--encoding", "UTF8"),
        )
        control = (programs / "pg_ctl", "--pgdata", data, "--wait", "--silent")
        options = f"-k {folder} -c listen_addresses= {DURABLE}"
        await account.run(*control, "--log", log, "--options", options, "start")
        try:
            for name in databases:
                words = ("--host", folder, "--username", "postgres", name)
                await account.run(programs / "createdb", *words)
            pid, *_ = (data / "postmaster.pid").read_text().splitlines()
            yield Postgres(folder, int(pid))
        finally:
            await account.run(*control, "--mode", "fast", "stop")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/initdb"))
    if not versions:
        raise NotInstalledError("there is no PostgreSQL: apt-get install postgresql")
    return versions[-1].parent


def _account() -> Account:
    if os.getuid() != 0:
        return Account()
    known = {one.pw_name: one for one in pwd.getpwall()}
    one = known.get("postgres") or known["nobody"]
    return Account(one.pw_uid, one.pw_gid, ())
