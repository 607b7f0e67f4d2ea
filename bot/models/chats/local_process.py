"""A local model's server as a child program: started when asked for, and ended."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import structlog
from pydantic import SecretStr

from bot.models.chats import local_server
from core.errors import ModelExtraError, ModelUnavailableError

LIBRARY, EXTRA = "xllamacpp", "local"
LOAD_SECONDS = 180.0
STOP_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server listens, and what it wants to be shown."""

    url: str
    key: SecretStr


@dataclass
class LocalProcess:
    """One server of one file. It sees nothing of our environment, which holds secrets.

    Only one question is answered at a time: two would share its memory and its cores.
    """

    label: str
    path: Path
    context: int
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _child: "subprocess.Popen[str] | None" = None
    _log: "IO[str] | None" = None
    _address: Address | None = None

    async def address(self) -> Address:
        """Return where it listens, started if it does not run.

        Raises ModelUnavailableError when it cannot be, with its last words.
        """
        if self._address is not None and self._runs():
            return self._address
        if self._child is not None:
            log.warning("local_model.gone", model=self.label, reason=self._last_words())
        await self.close()
        self._address = await self._start()
        return self._address

    async def close(self) -> None:
        """End it; it is started again by the next question."""
        child, self._child, self._address = self._child, None, None
        if child is not None:
            await asyncio.to_thread(_end, child)
        if self._log is not None:
            self._log.close()
            self._log = None

    async def _start(self) -> Address:
        key = secrets.token_urlsafe(32)
        wish = {"path": str(self.path), "context": self.context, "key": key}
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        child = self._child = await asyncio.to_thread(_started, self._log)
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                said = await asyncio.to_thread(_told, child, json.dumps(wish))
            url = str(json.loads(said)["url"])
        except (OSError, TimeoutError, ValueError, KeyError):
            reason = f"its server did not start ({self._last_words()})"
            raise ModelUnavailableError(model=self.label, reason=reason) from None
        except asyncio.CancelledError:
            child.kill()  # else the thread that waits for its answer never ends
            raise
        log.info("local_model.serving", model=self.label, pid=child.pid)
        return Address(url=f"{url}/v1", key=SecretStr(key))

    def _runs(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def _last_words(self) -> str:
        if self._log is None or self._child is None:
            return "it is gone"
        self._log.seek(0)
        lines = [line.strip() for line in self._log if line.strip()]
        ended = self._child.poll()
        return lines[-1] if lines else f"it ended with code {ended}"


def check_installed(label: str) -> None:
    """Raise ModelExtraError when what serves a file is not installed."""
    if find_spec(LIBRARY) is None:
        raise ModelExtraError(model=label, library=LIBRARY, extra=EXTRA)


def _started(errors: "IO[str]") -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603  # our own program, no shell
        [sys.executable, "-I", str(local_server.__file__)],
        env={"PATH": os.defpath},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
    )


def _told(child: "subprocess.Popen[str]", wish: str) -> str:
    """Say what is wanted, and return the first line of the answer."""
    if child.stdin is None or child.stdout is None:
        raise OSError("it has no input and output")
    child.stdin.write(f"{wish}\n")
    child.stdin.flush()
    return child.stdout.readline()


def _end(child: "subprocess.Popen[str]") -> None:
    """Let it end by itself, or kill it, and close what connected us."""
    with child:
        try:
            if child.stdin is not None:
                child.stdin.close()
            child.wait(STOP_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            child.kill()
