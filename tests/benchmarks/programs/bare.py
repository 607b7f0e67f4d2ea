"""The peer: an aiohttp handler that checks the HMAC, keeps nothing, and answers 202.

Run as a program of its own; it prints `{"port": …}` once it listens.
"""

import asyncio
import hmac
import json
import sys

import typer
from aiohttp import web


def main(secret: str) -> None:
    """Serve until killed."""
    asyncio.run(serve(secret.encode()))


async def serve(secret: bytes) -> None:
    """Answer every POST whose signature is right."""

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        right = "sha256=" + hmac.digest(secret, body, "sha256").hex()
        claimed = request.headers.get("X-Hub-Signature-256", "")
        return web.Response(status=202 if hmac.compare_digest(claimed, right) else 401)

    site = web.Application()
    site.router.add_post("/webhooks/github", receive)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    typer.run(main)
