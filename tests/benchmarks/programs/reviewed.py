"""A simulated GitHub and an instant language model, on which reviews are measured.

Run as a program of its own. It prints `{"app_id": …, "private_key": …, "api_url": …,
"model_url": …}`. Each line that it then reads is an order, with `do` and what that
method of the scene takes; it prints what was found.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import typer

from bot.simulator.simulator import Simulator
from tests.benchmarks.programs.instant_model import instant
from tests.benchmarks.programs.review_scene import REPO, Json, Scene
from tests.fakes.git_repository import GitRepository
from tests.fakes.github_caller import GitHubCaller


def main(folder: Path, secret: str, webhook_url: str) -> None:
    """Serve until standard input ends."""
    asyncio.run(serve(folder, secret, webhook_url))


async def serve(folder: Path, secret: str, webhook_url: str) -> None:
    """Set the scene, say where it is, and do what is told."""
    repository = GitRepository(folder / "hello.git")
    repository.commit({"README.md": "# Hello\n"})
    github = Simulator()
    await github.start()
    app = github.register_app(webhook_url=webhook_url, webhook_secret=secret)
    github.add_repository(REPO, repository.path, permissions={"alice": "write"})
    installation = github.install(REPO)
    async with instant().running() as model, GitHubCaller(github, app) as caller:
        scene = Scene(
            github=github,
            repository=repository,
            model=model,
            caller=caller,
            installation=installation,
            webhook_url=webhook_url,
        )
        doing: dict[str, Callable[..., Awaitable[Json]]] = {
            "open": scene.open,
            "rerun": scene.rerun,
            "touch": scene.touch,
            "floor": scene.floor,
        }
        say(
            app_id=app.app_id,
            private_key=app.private_key,
            api_url=github.api_url,
            model_url=model.openai_url,
        )
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            say(**await doing[order.pop("do")](**order))
    await github.close()


def say(**facts: object) -> None:
    """Print a line of JSON at once."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
