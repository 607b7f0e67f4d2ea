"""The embedded database: one server a data folder, shared, and kept running."""

import asyncio
import fcntl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import structlog

from core.clock import Clock
from core.errors import DataFolderError, EmbeddedServerFailedError, NofxError
from core.store.embedded_process import (
    LOOPBACK,
    DataFolder,
    ServerProcess,
    ServerRecord,
    find_program,
    free_port,
    listens,
)

START_SECONDS = 20.0
RETRY_SECONDS = 10.0
LOCK_SECONDS = 30.0
STOP_SECONDS = 5.0  # then killing it is safe: what it acknowledged is on the disk
LOOK_SECONDS = 0.25
POLL_SECONDS = 0.02
LONGEST_BACKOFF = 30.0
PORT_TAKEN = "Address already in use"
FOLDER_TAKEN = "busy"

log = structlog.get_logger(__name__)


class EmbeddedServer:
    """The server of one data folder: attached to when it runs, started when not.

    The process that starts it stops it. Whoever notices that it is gone starts it
    again on the same port, so that clients find it where it was. With `change_streams`
    it keeps a second copy of every write for an hour, to tell of it.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        clock: Clock,
        program: Path | None = None,
        change_streams: bool = False,
    ) -> None:
        self._folder = DataFolder(path=data_dir.absolute())
        self._clock = clock
        self._program = program
        self._change_streams = change_streams
        self._process: ServerProcess | None = None
        self._record: ServerRecord | None = None

    @classmethod
    @asynccontextmanager
    async def running(
        cls, data_dir: Path, *, clock: Clock, change_streams: bool = False
    ) -> AsyncIterator["EmbeddedServer"]:
        """Yield the server of `data_dir`, watched, and restarted when it dies.

        Raises DataFolderError, EmbeddedServerMissingError, EmbeddedServerFailedError.
        """
        server = cls(data_dir, clock=clock, change_streams=change_streams)
        await server.open()
        watcher = asyncio.create_task(server.keep_running())
        try:
            yield server
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            await server.close()

    @property
    def url(self) -> str:
        """Return its address, for `connect(url, embedded=True)`."""
        return f"mongodb://{LOOPBACK}:{self._known.port}/"

    @property
    def pid(self) -> int:
        """Return the process id of the server."""
        return self._known.pid

    @property
    def owned(self) -> bool:
        """Return whether this process started it, and will stop it."""
        return self._process is not None

    async def open(self) -> None:
        """Attach to the folder's server or start one; raises as `running` does.

        Does nothing while the server that it started runs.
        """
        if self._process is not None and not self._process.has_ended():
            return
        try:
            self._folder.prepare()
            with self._folder.lock.open("ab") as lock:
                await self._take(lock)
                record = await asyncio.to_thread(self._live_record)
                if record is None:
                    await self._start()
                else:
                    self._attach(record)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataFolderError(path=self._folder.path, reason=reason) from error

    async def close(self) -> None:
        """Stop the server if this process started it."""
        process, self._process = self._process, None
        if process is None or process.has_ended():
            return
        process.ask_to_stop()
        deadline = self._clock.monotonic() + STOP_SECONDS
        while not process.has_ended():
            if self._clock.monotonic() > deadline:
                process.kill()
                return
            await self._clock.sleep(POLL_SECONDS)
            process.wake()  # else it takes two seconds

    async def keep_running(self) -> None:
        """Look after the server until cancelled, and bring it back when it is gone."""
        backoff = LOOK_SECONDS
        while True:
            await self._clock.sleep(backoff)
            if not await self._is_gone():
                backoff = LOOK_SECONDS
                continue
            log.warning("embedded_database.gone", pid=self.pid, url=self.url)
            try:
                await self.open()
            except NofxError as error:
                backoff = min(2 * backoff, LONGEST_BACKOFF)
                log.exception("embedded_database.still_gone", error=str(error))
            else:
                log.warning("embedded_database.back", pid=self.pid, owned=self.owned)

    @property
    def _known(self) -> ServerRecord:
        if self._record is None:
            raise EmbeddedServerFailedError(
                folder=self._folder.path,
                log=self._folder.log,
                reason="it has not been opened",
            )
        return self._record

    async def _is_gone(self) -> bool:
        if self._process is not None:
            return self._process.has_ended()
        return not await asyncio.to_thread(listens, self._known.port)

    def _live_record(self) -> ServerRecord | None:
        record = ServerRecord.read(self._folder.record)
        return record if record and record.is_live() else None

    def _attach(self, record: ServerRecord) -> None:
        if self._record is not None and record.port != self._record.port:
            # Our clients hold the old address; only a new start of ours can mend it.
            raise self._failed(f"another nofx moved it to port {record.port}")
        self._process = None
        self._record = record

    async def _start(self) -> None:
        """Start a server, on the port it had before if it can be had."""
        before = self._record or ServerRecord.read(self._folder.record)
        port = before.port if before else free_port()
        program = self._program or find_program(Path(sys.executable))
        deadline = self._clock.monotonic() + RETRY_SECONDS
        while (reason := await self._attempt(program, port)) is not None:
            transient = PORT_TAKEN in reason or FOLDER_TAKEN in reason
            if not transient or self._clock.monotonic() > deadline:
                raise self._failed(reason)
            if PORT_TAKEN in reason and self._record is None:
                port = free_port()
            await self._clock.sleep(POLL_SECONDS)

    async def _attempt(self, program: Path, port: int) -> str | None:
        """Start one child and wait for its answer; return why it failed, or None."""
        deadline = self._clock.monotonic() + START_SECONDS
        process = ServerProcess.start(
            self._folder, port, program=program, change_streams=self._change_streams
        )
        try:
            while not await asyncio.to_thread(process.record.is_live):
                if process.has_ended():
                    return process.last_words()
                if self._clock.monotonic() > deadline:
                    process.kill()
                    return f"it did not answer within {START_SECONDS:.0f} seconds"
                await self._clock.sleep(POLL_SECONDS)
            process.record.write(self._folder.record)
        except BaseException:
            process.kill()
            raise
        self._process = process
        self._record = process.record
        return None

    async def _take(self, lock: IO[bytes]) -> None:
        """Wait for the lock on starting; the system frees it when its holder dies."""
        deadline = self._clock.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock.monotonic() > deadline:
                    reason = "another nofx has been starting it for too long"
                    raise self._failed(reason) from None
                await self._clock.sleep(POLL_SECONDS)
            else:
                return

    def _failed(self, reason: str) -> EmbeddedServerFailedError:
        return EmbeddedServerFailedError(
            folder=self._folder.path, log=self._folder.log, reason=reason
        )
