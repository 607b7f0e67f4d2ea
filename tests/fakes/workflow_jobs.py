"""A bot that workflows can ask, and the jobs of a simulated GitHub that ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.api.dry_runs import PATH
from bot.simulator.oidc import Job
from bot.simulator.simulator import Simulator
from tests.fakes.free_port import free_port
from tests.fakes.road import REPO, Road, built_road, driving
from tests.fakes.simulated_github import private_key


@dataclass
class Asked:
    """What a workflow was answered."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Jobs:
    """Jobs of workflows, and the bot at `url` that they ask."""

    road: Road
    url: str
    pull: int

    @property
    def github(self) -> Simulator:
        """Return the simulated GitHub."""
        return self.road.github

    def job(self, **options: Any) -> Job:
        """Begin a job on the pull request."""
        return self.github.job(REPO, self.pull, **options)

    def token(self, job: Job | None = None, **claims: Any) -> str:
        """Return a token of a job for the bot; some of its claims may be others."""
        audience = claims.pop("audience", self.url)
        known = (self.job() if job is None else job).claims
        return self.github.oidc.mint({**known, **claims}, audience=audience)

    async def ask(self, token: str, *, body: object = None, query: str = "") -> Asked:
        """Ask for a dry run."""
        wanted = {"pull": self.pull} if body is None else body
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self.url}{PATH}{query}", json=wanted) as answer,
        ):
            found = await answer.json(content_type=None)
            return Asked(answer.status, dict(answer.headers), found)


@asynccontextmanager
async def working_jobs(
    folder: Path, mongodb_url: str, name: str, *, workers: int = 2
) -> AsyncIterator[Jobs]:
    """Start a bot whose address is known beforehand: it is the tokens' audience."""
    async with built_road(folder, mongodb_url, name) as road:
        road.github.oidc.private_key = private_key()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        road.settings = road.settings.model_copy(
            update={"public_url": url, "oidc_issuer": road.github.oidc.url}
        )
        async with driving(road, workers=workers, port=port):
            number = await road.open_pull()
            yield Jobs(road=road, url=url, pull=number)
