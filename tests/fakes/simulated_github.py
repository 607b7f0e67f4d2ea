"""A simulator with one repository and one open pull request, and a listening App."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.simulator.registering import AppCredentials, new_private_key
from bot.simulator.simulator import Simulator
from tests.fakes.clock import FakeClock
from tests.fakes.git_repository import GitRepository
from tests.fakes.github_caller import GitHubCaller

REPO = "octo/hello"
SECRET = "It's a Secret to Everybody"


@cache
def private_key() -> str:
    """Return one RSA key for all of a process's simulators: making one is slow."""
    return new_private_key()


def lines(changed: dict[int, str] | None = None, count: int = 60) -> str:
    """Return a file of numbered lines, some of them replaced."""
    texts = changed or {}
    return "".join(f"{texts.get(at, f'line {at}')}\n" for at in range(1, count + 1))


@dataclass
class Listener:
    """A webhook receiver that keeps what it was sent; `status` is its answer."""

    status: int = 202
    received: list[tuple[str, dict[str, Any], dict[str, str]]] = field(
        default_factory=list
    )

    async def handle(self, request: web.Request) -> web.Response:
        """Take one delivery, if its signature is right."""
        body = await request.read()
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert request.headers["X-Hub-Signature-256"] == f"sha256={digest}"
        event = request.headers["X-GitHub-Event"]
        self.received.append((event, await request.json(), dict(request.headers)))
        return web.Response(status=self.status, text="noted")

    @property
    def names(self) -> list[str]:
        """Return what came, as `event.action`, oldest first."""
        return [f"{event}.{body.get('action')}" for event, body, _ in self.received]


@dataclass
class SimulatedGitHub:
    """The stage on which the simulator's tests play."""

    simulator: Simulator
    repository: GitRepository
    app: AppCredentials
    installation: int
    caller: GitHubCaller
    listener: Listener
    clock: FakeClock
    base: str
    head: str

    @property
    def now(self) -> float:
        """Return the simulator's time in seconds since 1970."""
        return self.clock.now().timestamp()

    async def with_talk(self) -> None:
        """Let a review, a reply, a comment, reactions and a check run be there."""
        pulls, call = f"/repos/{REPO}/pulls", self.caller
        comment = {"path": "a.py", "line": 20, "body": "Why?"}
        body = {"event": "COMMENT", "body": "Seen", "comments": [comment]}
        await call.post(f"{pulls}/1/reviews", body)
        (made,) = self.simulator.review_comments(REPO, 1)
        await self.simulator.reply(REPO, made["id"], "Because.")
        await self.simulator.comment(REPO, 1, "/nofx help")
        check = {"name": "nofx", "head_sha": self.head, "status": "in_progress"}
        await call.post(f"/repos/{REPO}/check-runs", check)


def model_repository(folder: Path) -> GitRepository:
    """Return the repository that each stage gets a copy of."""
    git = GitRepository(folder)
    begin: dict[str, str | bytes | None] = {
        "a.py": lines(),
        "old.py": "gone\n",
        "docs/x.md": "x\n",
        "logo": b"\0\1",
    }
    git.commit(begin, "Begin")
    text = lines({20: "twenty", 50: "fifty"})
    changed = {"a.py": text, "old.py": None, "new.py": "new\n"}
    git.commit(changed, "Change", branch="feature")
    return git


@asynccontextmanager
async def simulated_github(
    folder: Path,
    clock: FakeClock,
    model: GitRepository | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[SimulatedGitHub]:
    """Start a simulator whose pull request 1 changes `a.py` in two hunks.

    `model` saves the time that making the repository takes.
    """
    made = model_repository(folder / "model.git") if model is None else model
    git = made.copied_to(folder / "hello.git")
    base, head = git.head() or "", git.head("feature") or ""
    listener = Listener()
    hook = web.Application()
    hook.router.add_post("/hook", listener.handle)
    runner = web.AppRunner(hook, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    simulator = Simulator(clock=clock, host=host, port=port)
    await simulator.start()
    app = simulator.register_app(
        webhook_url=url, webhook_secret=SECRET, private_key=private_key()
    )
    simulator.add_repository(REPO, git.path, permissions={"alice": "write"})
    number = simulator.install(REPO)
    await simulator.open_pull(REPO, base="main", head="feature", title="Change")
    async with GitHubCaller(simulator, app) as caller:
        await caller.as_installation(clock.now().timestamp(), number)
        yield SimulatedGitHub(
            simulator=simulator,
            repository=git,
            app=app,
            installation=number,
            caller=caller,
            listener=listener,
            clock=clock,
            base=base,
            head=head,
        )
    await simulator.close()
    await runner.cleanup()
