"""Starts programs that are surely gone afterwards, with the pipes to them."""

import asyncio
from asyncio.subprocess import Process, SubprocessStreamProtocol
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

LINE_BYTES = 1 << 16


@asynccontextmanager
async def running(
    *argv: str,
    stdin: int,
    stdout: int,
    stderr: int,
    env: Mapping[str, str],
    cwd: Path | None = None,
) -> AsyncIterator[Process]:
    """Start a program; when the block is left it is dead and its pipes are closed.

    `stdin`, `stdout`, `stderr` are those of `asyncio.subprocess`. Raises OSError when
    the program cannot be started.
    """
    loop = asyncio.get_running_loop()
    # Waiting for a killed process would wait for the end of pipes that nobody reads any
    # more, or that a grandchild holds; only the transport can close them, and asyncio's
    # own `create_subprocess_exec` keeps it to itself.
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=LINE_BYTES, loop=loop),
        *argv,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        cwd=cwd,
    )
    process = Process(transport, protocol, loop)
    try:
        yield process
    finally:
        transport.close()
        await process.wait()
