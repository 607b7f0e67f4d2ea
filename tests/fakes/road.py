"""The whole road for one test: a repository, a simulated GitHub, a real bot."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app import Running, running
from bot.settings import Settings, load_settings
from bot.simulator.registering import AppCredentials
from bot.simulator.simulator import Simulator
from tests.fakes.git_repository import GitRepository
from tests.fakes.simulated_github import private_key
from tests.fakes.waiting import eventually

REPO = "octo/hello"
SECRET = "a long enough webhook secret"
CLEAN = 'def greet(name: str) -> str:\n    return f"Hello, {name}"\n'
RISKY = CLEAN + (
    "\n\ndef run(command: str) -> None:\n"
    "    import subprocess\n\n"
    "    subprocess.run(command, shell=True, check=True)\n"
)
# What a busy machine may need, in seconds, for what takes one on a quiet one.
PATIENCE = 90
RESTING = ("succeeded", "failed", "cancelled", "dead", "gate_failed", "waiting_gate")


@dataclass
class Road:
    """A stage on which a test acts as GitHub's users do and reads as they read."""

    github: Simulator
    repository: GitRepository
    settings: Settings
    base_sha: str
    bot: Running | None = None

    async def open_pull(self, **options: Any) -> int:
        """Open a pull request with one risky line."""
        self.repository.commit({"app.py": RISKY}, "Run commands", branch="feature")
        return await self.github.open_pull(REPO, base="main", head="feature", **options)

    async def push(self, number: int, files: dict[str, str]) -> str:
        """Commit onto the pull request's branch and push it."""
        sha = self.repository.commit(files, "Go on", branch="feature")
        await self.github.push(REPO, number, sha)
        return sha

    def head(self, number: int) -> str:
        """Return the pull request's head SHA."""
        return str(self.github.pull(REPO, number)["head"]["sha"])

    def check(self, number: int) -> dict[str, Any]:
        """Return the newest check run on the pull request's head."""
        return self.github.check_runs(REPO, self.head(number))[-1]

    def answers(self, number: int) -> list[str]:
        """Return what the bot wrote into the conversation, save its summary."""
        comments = self.github.issue_comments(REPO, number)
        return [
            one["body"]
            for one in comments
            if one["user"]["login"] == "nofx[bot]" and "nofx:summary" not in one["body"]
        ]

    def summaries(self, number: int) -> list[str]:
        """Return the bot's summary comments; there should be one."""
        comments = self.github.issue_comments(REPO, number)
        return [one["body"] for one in comments if "nofx:summary" in one["body"]]

    async def until(
        self, true: Callable[[], bool], *, seconds: float = PATIENCE
    ) -> None:
        """Wait until something is so, and say what was not when it never is."""
        async with asyncio.timeout(seconds):
            await eventually(true)

    async def until_quiet(self) -> None:
        """Wait until every delivery that arrived has been worked."""
        assert self.bot is not None
        deliveries = self.bot.base.database.db["deliveries"]
        await self.github.settled()
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await deliveries.find({}, {"state": 1}).to_list(None)
                if all(one["state"] not in {"received", "processing"} for one in found):
                    return
                await asyncio.sleep(0.02)

    def reactions(self, number: int, comment_id: int) -> list[str]:
        """Return the bot's reactions to a comment in the conversation."""
        pull = self.github.world.pull(REPO, number)
        comment = next(one for one in pull.comments if one.id == comment_id)
        return [one.content for one in comment.reactions if one.user == "nofx[bot]"]

    async def until_checked(
        self, number: int, *, seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Wait until the newest check run on the head is completed, and return it."""
        head = self.head(number)

        def completed() -> bool:
            checks = self.github.check_runs(REPO, head)
            return bool(checks) and checks[-1]["status"] == "completed"

        await self.until(completed, seconds=seconds)
        return self.check(number)

    async def runs(self) -> list[dict[str, Any]]:
        """Return the runs as the database keeps them, oldest first."""
        assert self.bot is not None
        found = await self.bot.base.database.db["runs"].find({}).to_list(None)
        return sorted(found, key=lambda run: str(run["_id"]))

    async def until_runs_end(self) -> list[dict[str, Any]]:
        """Wait until no run is under way, and return them all."""
        async with asyncio.timeout(PATIENCE):
            while True:
                runs = await self.runs()
                if runs and all(run["status"] in RESTING for run in runs):
                    return runs
                await asyncio.sleep(0.05)


@asynccontextmanager
async def built_road(
    folder: Path,
    mongodb_url: str,
    name: str,
    github: Simulator | None = None,
    **values: object,
) -> AsyncIterator[Road]:
    """Set the stage without the bot, for tests that start it themselves.

    `values` are settings besides the usual ones.
    """
    repository = GitRepository(folder / "hello.git")
    base = repository.commit({"app.py": CLEAN, "README.md": "# Hello\n"}, "Begin")
    github = github or Simulator()
    await github.start()
    try:
        app = github.register_app(webhook_secret=SECRET, private_key=private_key())
        github.add_repository(
            REPO, repository.path, permissions={"alice": "write", "eve": "read"}
        )
        github.install(REPO)
        address = f"{mongodb_url}{name}?retryWrites=false"
        settings = settings_for(app, github, address, **values)
        yield Road(
            github=github, repository=repository, settings=settings, base_sha=base
        )
    finally:
        await github.close()


@asynccontextmanager
async def open_road(
    folder: Path,
    mongodb_url: str,
    name: str,
    github: Simulator | None = None,
    **values: object,
) -> AsyncIterator[Road]:
    """Set the stage with a bot that serves and works."""
    async with (
        built_road(folder, mongodb_url, name, github, **values) as road,
        driving(road),
    ):
        yield road


@asynccontextmanager
async def driving(
    road: Road, *, workers: int = 2, port: int = 0
) -> AsyncIterator[Road]:
    """Start the bot of a stage, and stop it at the end."""
    async with running(
        road.settings, host="127.0.0.1", port=port, workers=workers
    ) as bot:
        road.github.set_webhook_url(f"{bot.url}/webhooks/github")
        road.bot = bot
        yield road


def settings_for(
    app: AppCredentials, github: Simulator, mongodb_url: str, **values: object
) -> Settings:
    """Return the settings of a bot that talks to the simulator without pauses."""
    return load_settings(
        None,
        mongodb_url=mongodb_url,
        app_id=app.app_id,
        private_key=app.private_key,
        webhook_secrets=SECRET,
        github_url=github.api_url,
        write_spacing_seconds=0,
        lease_seconds=5,
        # The server is the embedded one, whatever its address is given as.
        watch_queue=False,
        **values,
    )
