"""A simulated GitHub with some pull requests, which can be made busy.

Run as a program of its own. It keeps samples of what it would send in FOLDER: in
talk.jsonl what asks nothing of a reviewer, in mixed.jsonl one push among nineteen of
those. It prints `{"app_id": …, "private_key": …, "api_url": …}`. Each line that it then
reads is `{"webhook_url": …, "pushes": …, "seconds": …}`: so often it pushes to a pull
request and tells the bot, spread over so many seconds, and then prints `{"checks": …}`,
how many check runs have been completed since.
"""

import asyncio
import json
import sys
from itertools import count, cycle, islice
from pathlib import Path

import typer

from bot.simulator.simulator import Simulator
from tests.fakes.git_repository import GitRepository

REPO = "octo/hello"
PULLS = 8
TALK_BETWEEN = 19
NOBODY = "http://127.0.0.1:9/"
IMPORT = "import subprocess\n"
CALL = (
    "\n\ndef run_{0}(command: str) -> None:\n    subprocess.run(command, shell=True)\n"
)
REMARK = "I am not sure about this name, but the rest looks good to me. " * 4


class Scene:
    """A repository, a GitHub that shows it, and what its users do there."""

    def __init__(self, folder: Path) -> None:
        self.github = Simulator()
        self._repository = GitRepository(folder / "hello.git")
        self._repository.commit({"app.py": IMPORT})
        self._counter = count(1)

    async def open(self) -> None:
        """Open the pull requests."""
        people = {"alice": "write"}
        self.github.add_repository(REPO, self._repository.path, permissions=people)
        self.github.install(REPO)
        for number in range(1, PULLS + 1):
            await self._commit(number)
            await self.github.open_pull(
                REPO, base="main", head=f"feature-{number}", title="Run", body=REMARK
            )

    async def sample(self, folder: Path) -> None:
        """Do what people do, and keep what GitHub would have sent."""
        await self.github.push(REPO, 1, await self._commit(1))
        await self.github.comment(REPO, 1, REMARK)
        await self.github.edit_pull(REPO, 1, title="Run more")
        await self.github.comment(REPO, 1, REMARK * 3, user="bob")
        push, *talk = [
            json.dumps({"event": one.event, "payload": one.payload})
            for one in self.github.deliveries[PULLS:]
        ]
        mixed = [push, *islice(cycle(talk), TALK_BETWEEN)]
        (folder / "talk.jsonl").write_text("\n".join(talk))
        (folder / "mixed.jsonl").write_text("\n".join(mixed))

    async def push(self, pushes: int, seconds: float) -> int:
        """Push to one pull request after the other; returns how many checks ended."""
        before = self._completed()
        for number in range(pushes):
            head = await self._commit(number % PULLS + 1)
            pushing = self.github.push(REPO, number % PULLS + 1, head)
            await asyncio.gather(pushing, asyncio.sleep(seconds / pushes))
        return self._completed() - before

    def _completed(self) -> int:
        checks = self.github.world.repository(REPO).checks.values()
        return sum(check.status == "completed" for check in checks)

    async def _commit(self, number: int) -> str:
        files: dict[str, str | bytes | None] = {
            "app.py": IMPORT + CALL.format(next(self._counter))
        }
        return await asyncio.to_thread(
            self._repository.commit, files, branch=f"feature-{number}"
        )


def main(folder: Path, secret: str) -> None:
    """Serve until standard input ends."""
    asyncio.run(serve(folder, secret))


async def serve(folder: Path, secret: str) -> None:
    """Set the scene, say where it is, and push when told to."""
    scene = Scene(folder)
    github = scene.github
    await github.start()
    app = github.register_app(webhook_url=NOBODY, webhook_secret=secret)
    await scene.open()
    await scene.sample(folder)
    say(app_id=app.app_id, private_key=app.private_key, api_url=github.api_url)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        github.set_webhook_url(order["webhook_url"])
        say(checks=await scene.push(order["pushes"], order["seconds"]))
    await github.close()


def say(**facts: object) -> None:
    """Print a line of JSON at once."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
