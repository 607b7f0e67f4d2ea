"""The embedded database as a child program: starting, asking, ending it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from core.errors import EmbeddedServerMissingError
from core.store import embedded_launcher

PROGRAM = "secantusd-py"
LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT = 1.0
ANSWER_TIMEOUT_MS = 5000
MAX_LOG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """The places of the embedded database inside the data folder."""

    path: Path

    @property
    def database(self) -> Path:
        """Return the folder of the server's own files."""
        return self.path / "database"

    @property
    def log(self) -> Path:
        """Return the file that takes whatever the server prints."""
        return self.path / "database.log"

    @property
    def config(self) -> Path:
        """Return the configuration that stands in for any the server would find."""
        return self.path / "database.toml"

    @property
    def lock(self) -> Path:
        """Return the file that whoever starts a server holds locked."""
        return self.path / "server.lock"

    @property
    def record(self) -> Path:
        """Return the file that says which server serves this folder."""
        return self.path / "server.json"

    def prepare(self) -> None:
        """Make the folders and the configuration; raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database.mkdir(mode=0o700, exist_ok=True)
        self.config.write_text("# Every option stands on the server's command line.\n")
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """Which process serves a data folder, and on which port of the loopback."""

    pid: int
    port: int

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the record in `path`, or None when there is none that makes sense."""
        try:
            fields = json.loads(path.read_bytes())
            record = cls(pid=int(fields["pid"]), port=int(fields["port"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return record if 0 < record.port < 1 << 16 and record.pid > 0 else None

    def write(self, path: Path) -> None:
        """Replace the record in one step, so that nobody reads half of it."""
        fresh = path.with_suffix(".json.new")
        fresh.write_text(json.dumps({"pid": self.pid, "port": self.port}) + "\n")
        fresh.replace(path)

    def is_live(self) -> bool:
        """Return whether this very process answers on the port."""
        return pid_at(self.port) == self.pid


class ServerProcess:
    """A running child; `port` is where it will listen."""

    def __init__(
        self, child: subprocess.Popen[bytes], *, port: int, lifeline: int, log: Path
    ) -> None:
        self._child = child
        self._lifeline = lifeline
        self._log = log
        self._log_begin = log.stat().st_size
        self.port = port

    @classmethod
    def start(
        cls, folder: DataFolder, port: int, *, program: Path, change_streams: bool
    ) -> Self:
        """Start the server on a prepared folder, in a session of its own.

        Ctrl-C on our terminal does not reach it, so what we still write when stopping
        is kept. It sees none of our environment, which holds secrets. Raises OSError.
        """
        options = {
            "--config": folder.config,
            "--host": LOOPBACK,
            "--port": port,
            "--storage-path": folder.database,
            "--log-level": "WARNING",
        }
        words = [str(word) for pair in options.items() for word in pair]
        words.append("--sync-on-commit")
        if not change_streams:
            words.append("--standalone")  # it keeps an oplog only as a replica set
        launcher = [sys.executable, "-I", "-S", str(embedded_launcher.__file__)]
        reading, writing = os.pipe()
        try:
            with folder.log.open("ab") as log:
                child = subprocess.Popen(  # noqa: S603 (our own program, no shell)
                    [*launcher, str(reading), str(program), *words],
                    cwd=folder.path,
                    env={"PATH": os.defpath, "HOME": str(folder.path)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(reading,),
                    start_new_session=True,
                )
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return cls(child, port=port, lifeline=writing, log=folder.log)

    @property
    def record(self) -> ServerRecord:
        """Return what another process needs to know to attach."""
        return ServerRecord(pid=self._child.pid, port=self.port)

    def has_ended(self) -> bool:
        """Return whether the child is gone; then it is reaped."""
        if self._child.poll() is None:
            return False
        self._release()
        return True

    def ask_to_stop(self) -> None:
        """Ask for an orderly end."""
        self._child.send_signal(signal.SIGTERM)

    def wake(self) -> None:
        """Knock without waiting: a server that accepts sees only then that it ends."""
        with socket.socket() as knock:
            knock.settimeout(0)
            knock.connect_ex((LOOPBACK, self.port))

    def kill(self) -> None:
        """End it now; what it acknowledged is on the disk."""
        self._child.kill()
        self._child.wait()
        self._release()

    def last_words(self) -> str:
        """Return the last line that it printed, or how it ended."""
        with self._log.open("rb") as log:
            log.seek(self._log_begin)
            lines = log.read().decode(errors="replace").split("\n")
        spoken = [line.strip() for line in lines if line.strip()]
        return spoken[-1] if spoken else f"it ended with code {self._child.returncode}"

    def _release(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1


def find_program(beside: Path, search: str | None = None) -> Path:
    """Return the server's program: beside an interpreter, else on the search path.

    `search` is a path list like PATH, which is used when it is None. Raises
    EmbeddedServerMissingError.
    """
    neighbour = beside.with_name(PROGRAM)
    if os.access(neighbour, os.X_OK):
        return neighbour
    if found := shutil.which(PROGRAM, path=search):
        return Path(found)
    raise EmbeddedServerMissingError(program=PROGRAM)


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Return whether anything accepts connections on the loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=CONNECT_TIMEOUT).close()
    except ConnectionRefusedError:
        return False
    except OSError:  # too busy to accept is not gone
        return True
    return True


def pid_at(port: int) -> int | None:
    """Return the process id of the database that answers on `port`, or None."""
    if not listens(port):
        return None
    try:
        with MongoClient[dict[str, object]](
            LOOPBACK,
            port,
            directConnection=True,
            connectTimeoutMS=ANSWER_TIMEOUT_MS,
            serverSelectionTimeoutMS=ANSWER_TIMEOUT_MS,
            socketTimeoutMS=ANSWER_TIMEOUT_MS,
        ) as client:
            pid = client.admin.command("serverStatus").get("pid")
    except PyMongoError:
        return None
    return pid if isinstance(pid, int) else None
