"""A real browser's page, told what to do over its own debugging protocol."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from tests.fakes.waiting import eventually
from tests.judges.debian import installed

# What a busy machine may need, in seconds, for what takes one on a quiet one.
PATIENCE = 90.0
LOOK_EVERY = 0.05


class Page:
    """One tab; whatever its scripts and their rules complain of is in `complaints`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []

    async def listen(self) -> None:
        """Take what the browser says, until it is gone."""
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._asked.pop(told["id"]).set_result(told)
                continue
            match told["method"]:
                case "Page.loadEventFired":
                    self._loaded.set()
                case "Runtime.exceptionThrown" | "Log.entryAdded":
                    self.complaints.append(str(told["params"]))
                case _:
                    pass

    async def tell(self, method: str, **values: Any) -> dict[str, Any]:
        """Give one command of the protocol, and return its result."""
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        await self._socket.send_json({"id": number, "method": method, "params": values})
        async with asyncio.timeout(PATIENCE):
            told: dict[str, Any] = await future
        assert "error" not in told, told["error"]
        result: dict[str, Any] = told["result"]
        return result

    async def run(self, script: str) -> Any:
        """Return what a script in the page comes to."""
        told = await self.tell(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def open(self, address: str) -> None:
        """Go to an address, and wait until all of it is there."""
        self._loaded.clear()
        await self.tell("Page.navigate", url=address)
        await self._arrive()

    async def follow(self, script: str) -> None:
        """Do what leads to another page, and wait for that."""
        self._loaded.clear()
        await self.run(f"{script}; null")
        await self._arrive()

    async def _arrive(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    async def until(self, script: str) -> Any:
        """Wait until a script in the page comes to something, and return that."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.run(script)
                if found:
                    return found
                await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def browsing(url: str, folder: Path) -> AsyncIterator[Page]:
    """Open a page in Chromium without a window, in a profile of its own."""
    program = installed("chromium", package="chromium")
    options = ["--headless", "--disable-gpu", f"--user-data-dir={folder}"]
    # Root may not use its sandbox; the pages are the tests' own.
    options += ["--no-sandbox"] if os.getuid() == 0 else []
    process = await asyncio.create_subprocess_exec(
        *(str(program), *options, "--remote-debugging-port=0", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as session:
            address = await _tab(session, folder / "DevToolsActivePort")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                for domain in ("Page", "Runtime", "Log"):
                    await page.tell(f"{domain}.enable")
                await page.open(url)
                yield page
                listening.cancel()
    finally:
        process.terminate()
        await process.wait()


async def _tab(session: aiohttp.ClientSession, file: Path) -> str:
    """Return the address at which the browser's one tab takes commands."""

    def lines() -> list[str]:
        return file.read_text().splitlines() if file.exists() else []

    async with asyncio.timeout(PATIENCE):
        await eventually(lambda: len(lines()) > 1)
    async with session.get(f"http://127.0.0.1:{lines()[0]}/json/list") as tabs:
        tab = next(one for one in await tabs.json() if one["type"] == "page")
        return str(tab["webSocketDebuggerUrl"])
