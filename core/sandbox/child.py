"""One running child: started, listened to, and surely ended."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from core.errors import SandboxUnavailableError
from core.sandbox.capture import Capture
from core.sandbox.command import Killer
from core.sandbox.report import Ending

# How long a killed child may take to go, and its outputs to close, in seconds.
GRACE = 2.0
REPORT_BYTES = 4096


class Child:
    """A launcher with its command, held by a leash.

    The leash is one end of a socket pair. Letting go of it (or dying) makes the
    launcher kill the command, measure it all the same, and end.
    """

    def __init__(self, leash: socket.socket, *, output_bytes: int) -> None:
        self._leash = leash
        self._transport: asyncio.SubprocessTransport | None = None
        self.capture = Capture(output_bytes, lambda: self.stop("output"))
        self.stopped_by: Killer | None = None
        self._said = b""

    def ending(self) -> Ending:
        """Return what is known once `end` is done."""
        return Ending(
            stdout=bytes(self.capture.output[1]),
            stderr=bytes(self.capture.output[2]),
            truncated=self.capture.truncated,
            stopped_by=self.stopped_by,
            said=self._said,
        )

    async def start(
        self, argv: list[str], *, environment: Mapping[str, str], cwd: Path, leash: int
    ) -> None:
        """Start `argv` in a session of its own, with the file descriptor `leash`.

        Raises SandboxUnavailableError when the first program cannot be started.
        """
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.subprocess_exec(
                lambda: self.capture,
                *argv,
                env=environment,
                cwd=cwd,
                pass_fds=(leash,),
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxUnavailableError(reason=error.strerror) from error

    async def finish(self, stdin: bytes, wall_seconds: float) -> None:
        """Feed the child and wait for its end, at most `wall_seconds`."""
        pipe = self._transport and self._transport.get_pipe_transport(0)
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.write(stdin)
            pipe.write_eof()
        try:
            async with asyncio.timeout(wall_seconds):
                await self.capture.exited.wait()
        except TimeoutError:
            self.stop("timeout")

    def stop(self, reason: Killer | None) -> None:
        """Let the leash go; the first reason given is the one that counts."""
        if self.stopped_by is None and not self.capture.exited.is_set():
            self.stopped_by = reason
        with contextlib.suppress(OSError):  # the launcher may be gone already
            self._leash.shutdown(socket.SHUT_WR)

    async def end(self) -> None:
        """Make sure that nothing runs any more, and collect the launcher's report."""
        if self._transport is None:
            return
        self.stop(None)
        if not await _within(GRACE, self.capture.exited):
            _kill_session(self._transport.get_pid())
            await _within(GRACE, self.capture.exited)
        await _within(GRACE, self.capture.drained)
        self._transport.close()
        self._leash.settimeout(0)
        try:
            self._said = self._leash.recv(REPORT_BYTES)
        except OSError:
            self._said = b""


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _kill_session(leader: int) -> None:
    """Kill a launcher that does not let go, and first the command's own group."""
    children = Path(f"/proc/{leader}/task/{leader}/children")
    with contextlib.suppress(OSError):
        for child in children.read_text().split():
            os.killpg(int(child), signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
