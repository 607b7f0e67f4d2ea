"""A GitHub with several repositories, many pull requests, and people at work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bot.settings import Settings
from bot.simulator.simulator import Simulator
from tests.fakes.git_repository import GitRepository
from tests.fakes.road import CLEAN, SECRET, settings_for

REPOSITORIES = ("octo/hello", "octo/north", "octo/south", "octo/east")
RUNS = """def run(command: str) -> None:
    import subprocess

    subprocess.run(command, shell=True, check=True)
"""
READS = """def read(text: str) -> object:
    return eval(text)
"""
LOADS = """def load(data: bytes) -> object:
    import pickle

    return pickle.loads(data)
"""
RISKS = (RUNS, READS, LOADS)
COMMANDS = (
    *("/nofx rerun", "/nofx rerun verify", "/nofx cancel", "/nofx status"),
    *("/nofx waive static_analysis we know", "/nofx retry", "/nofx review"),
)
ACCEPTED = 202


@dataclass(kw_only=True)
class Change:
    """A pull request, and what is in its one file."""

    repository: str
    number: int
    branch: str
    blocks: list[str]

    @property
    def files(self) -> dict[str, str | bytes | None]:
        """Return the file as it is on the branch."""
        return {"app.py": "\n\n".join([CLEAN, *self.blocks])}


@dataclass(kw_only=True)
class Town:
    """Repositories of one owner, and who works in them.

    `commands` are the ids of the comments that asked nofx something, each with its pull
    request. Every act is a user's, and returns once its webhook was answered.
    """

    github: Simulator
    git: dict[str, GitRepository]
    settings: Settings
    changes: list[Change] = field(default_factory=list)
    commands: list[tuple[Change, int]] = field(default_factory=list)

    async def open_pull(self, rng: Random) -> None:
        """Open a pull request with up to three risky functions, or none."""
        repository = rng.choice(REPOSITORIES)
        change = Change(
            repository=repository,
            number=0,
            branch=f"branch-{len(self.changes)}",
            blocks=rng.sample(RISKS, rng.choice((0, 1, 2, 2, 3))) or ["COUNT = 1\n"],
        )
        self.changes.append(change)
        self._commit(change)
        change.number = await self.github.open_pull(
            repository, base="main", head=change.branch
        )

    async def act(self, rng: Random) -> str:
        """Let somebody push, ask or press on some pull request; says what it was."""
        known = [one for one in self.changes if one.number]
        if not known:
            return "nothing"
        change = rng.choice(known)
        if rng.random() < 0.4:
            await self._push(change, rng)
            return "push"
        checks = self._checks(change)
        if checks and rng.random() < 0.15:
            await self.github.rerequest_check(change.repository, checks[-1])
            return "re-run"
        text = rng.choice(COMMANDS)
        asked = await self.github.comment(change.repository, change.number, text)
        self.commands.append((change, asked))
        return text

    async def redeliver(self) -> list[str]:
        """Send again what the bot never took, as a person can; returns what."""
        sent = self.github.deliveries
        taken = {one.guid for one in sent if one.status_code == ACCEPTED}
        missed = {one.guid: one for one in sent if one.guid not in taken}
        for one in missed.values():
            await self.github.redeliver(one.id)
        return [f"{one.event} {guid}" for guid, one in missed.items()]

    async def _push(self, change: Change, rng: Random) -> None:
        """Move the lines, add a risk, or take one back."""
        absent = [one for one in RISKS if one not in change.blocks]
        match rng.choice(("move", "add", "mend")):
            case "add" if absent:
                change.blocks.append(rng.choice(absent))
            case "mend" if len(change.blocks) > 1:
                change.blocks.remove(rng.choice(change.blocks))
            case _:
                change.blocks.insert(0, f"# note {len(self.github.deliveries)}\n")
        sha = self._commit(change)
        await self.github.push(change.repository, change.number, sha)

    def _commit(self, change: Change) -> str:
        git = self.git[change.repository]
        return git.commit(change.files, "Go on", branch=change.branch)

    def _checks(self, change: Change) -> list[int]:
        head = self.github.world.pull(change.repository, change.number).head_sha
        return [one["id"] for one in self.github.check_runs(change.repository, head)]


@asynccontextmanager
async def built_town(folder: Path, mongodb_url: str) -> AsyncIterator[Town]:
    """Build the town; its bot's settings name the database at this address."""
    github = Simulator()
    await github.start()
    try:
        app = github.register_app(webhook_secret=SECRET)
        git = {}
        for name in REPOSITORIES:
            made = GitRepository(folder / f"{name.partition('/')[2]}.git")
            made.commit({"app.py": CLEAN, "README.md": "# Hello\n"}, "Begin")
            github.add_repository(name, made.path, permissions={"alice": "write"})
            github.install(name)
            git[name] = made
        settings = settings_for(app, github, f"{mongodb_url}town?retryWrites=false")
        yield Town(github=github, git=git, settings=settings)
    finally:
        await github.close()
