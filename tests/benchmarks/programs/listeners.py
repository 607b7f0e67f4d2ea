"""Listens to a stream with many connections, and takes down what arrived when.

Run as a program of its own. Each line that it reads is an order:

- `{"connect": n, "port": p, "path": "/…", "headers": {…}}`: open so many connections;
  it answers once each has got its headers and the first bytes of its stream;
- `{"until": id}`: it answers once that event has arrived everywhere, or nothing has
  arrived for a while, with `delivered`, `seconds` from the first to the last, and
  `missing` events; then it closes all connections. `"sent"` gives the moments, by the
  machine's monotonic clock, from which latencies are counted.
"""

import asyncio
import json
import re
import resource
import sys
import time
from typing import Any

from typing_extensions import override

EVENT = re.compile(rb"id: (\d+)\r?\ndata: ")
ENDS = (b"\n\n", b"\r\n\r\n")
QUIET_SECONDS = 5.0
LOOK_SECONDS = 0.02


class Listener(asyncio.Protocol):
    """One connection; frames are found in the bytes without reading what they say."""

    def __init__(self, request: bytes) -> None:
        self.arrived: list[tuple[float, list[int]]] = []
        self.count = 0
        self.last = 0
        self.begun = asyncio.Event()
        self.transport: asyncio.Transport | None = None
        self._request = request
        self._rest = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    @override
    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self.begun.set()
        data = self._rest + data
        end = max(data.rfind(ends) + len(ends) for ends in ENDS)
        self._rest = data[end:] if end > 3 else data
        found = EVENT.findall(data, 0, end)
        if found:
            ids = [int(one) for one in found]
            self.arrived.append((now, ids))
            self.count += len(ids)
            self.last = ids[-1]


class Crowd:
    """All connections."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    async def connect(self, order: dict[str, Any]) -> dict[str, object]:
        """Open the connections, some at a time."""
        lines = [f"GET {order['path']} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in order["headers"].items()]
        request = "\r\n".join([*lines, "", ""]).encode()
        loop = asyncio.get_running_loop()
        for begin in range(0, order["connect"], 50):
            these = range(begin, min(begin + 50, order["connect"]))
            opened = await asyncio.gather(
                *(
                    loop.create_connection(
                        lambda: Listener(request), "127.0.0.1", order["port"]
                    )
                    for _ in these
                )
            )
            self.listeners += [listener for _, listener in opened]
        await asyncio.gather(*(one.begun.wait() for one in self.listeners))
        return {"connected": len(self.listeners)}

    async def until(self, order: dict[str, Any]) -> dict[str, object]:
        """Wait for the last event, and say what came."""
        last, heard, since = order["until"], -1, time.monotonic()
        while any(one.last < last for one in self.listeners):
            await asyncio.sleep(LOOK_SECONDS)
            now = sum(one.count for one in self.listeners)
            if now != heard:
                heard, since = now, time.monotonic()
            elif time.monotonic() - since > QUIET_SECONDS:
                break
        told = self.told(order["sent"])
        for one in self.listeners:
            if one.transport is not None:
                one.transport.abort()
        self.listeners = []
        return told

    def told(self, sent: dict[str, float]) -> dict[str, object]:
        """Return the count, the seconds and the latencies of what came."""
        begin = min(sent.values())
        arrivals = [one for listener in self.listeners for one in listener.arrived]
        latencies = sorted(
            when - sent[str(event)] for when, ids in arrivals for event in ids
        )
        delivered = len(latencies)
        return {
            "delivered": delivered,
            "missing": len(sent) * len(self.listeners) - delivered,
            "seconds": max(when for when, _ in arrivals) - begin,
            "p50": latencies[delivered // 2] * 1000,
            "p99": latencies[delivered * 99 // 100] * 1000,
            "portions": len(arrivals),
        }


async def main() -> None:
    """Do orders until there are no more."""
    crowd = Crowd()
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        done = crowd.connect if "connect" in order else crowd.until
        sys.stdout.write(json.dumps(await done(order)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main())
