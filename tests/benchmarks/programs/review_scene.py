"""What people do on the simulated GitHub while reviews of it are measured."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot.simulator.records import Pull
from bot.simulator.simulator import Simulator
from tests.benchmarks.programs.instant_model import MARK, asked_again
from tests.fakes.git_repository import GitRepository
from tests.fakes.github_caller import GitHubCaller
from tests.fakes.hosted_model import HostedModel

REPO = "octo/hello"
REMARKS = 30
PATIENCE, POLL, QUIET = 900.0, 0.01, 0.4
# Numbers and commits in a path say nothing of its kind.
ANY = re.compile(r"[0-9a-f]{40}|(?<=/)[0-9]+(?=/|$)")
# By these GitHub decides what it answers.
TOLD = frozenset(("accept", "if-none-match", "content-type"))
ASKS = frozenset(("pull_request", "issue_comment"))
FUNCTION = '''\
def step_{name}(amount: int) -> int:
    """Return what comes after an amount."""
    return amount + {by}{mark}
'''
Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Scene:
    """A repository, a GitHub that shows it, a model, and the people."""

    github: Simulator
    repository: GitRepository
    model: HostedModel
    caller: GitHubCaller
    installation: int
    webhook_url: str
    number: int = 0
    _counter: "count[int]" = field(default_factory=lambda: count(1))
    _requests: int = 0
    _deliveries: int = 0
    _checks: int = 0
    _reviews: int = 0

    async def open(self, files: int, functions: int) -> Json:
        """Open a pull request onto a base that nobody has read yet."""
        at = next(self._counter)
        new = written(at, files, functions)
        # Every second file was there before.
        old = {path: before(new[path]) for path in list(new)[::2]}
        await self._commit(old, "main")
        await self._commit(new, f"feature-{at}")
        self.number = 0
        self._begin()
        self.number = await self.github.open_pull(
            REPO, base="main", head=f"feature-{at}", title=f"Step {at}"
        )
        return await self._reviewed()

    async def rerun(self) -> Json:
        """Ask for the last review again, with nothing changed."""
        self._begin()
        await self.github.comment(REPO, self.number, "/nofx rerun")
        return await self._reviewed()

    async def touch(self) -> Json:
        """Change one file of the last pull request, and push it."""
        path = self._pull.files[-1].path
        (text,) = written(next(self._counter), 1, 1).values()
        head = await self._commit({path: text}, self._pull.head_ref)
        self._begin()
        await self.github.push(REPO, self.number, head)
        return await self._reviewed()

    async def floor(self) -> Json:
        """Make the last order's requests again, one after the other, and its questions.

        Nobody hears of what they cause.
        """
        asked = self.github.requests[self._requests :]
        for app in self.github.world.apps.values():
            app.webhook_url = None
        await self.caller.as_installation(time.time(), self.installation)
        began = time.perf_counter()
        for one in asked:
            query = "&".join(f"{name}={value}" for name, value in one.query.items())
            path = f"{one.path}?{query}" if query else one.path
            url = self.github.graphql_url if one.path == "/graphql" else path
            told = {name: one.headers[name] for name in TOLD & one.headers.keys()}
            reply = await self.caller.send(one.method, url, one.body, told)
            assert reply.status < 500, (path, reply.status)
        taken = time.perf_counter() - began
        return {"github": taken, "model": await asked_again(self.model)}

    @property
    def _pull(self) -> Pull:
        return self.github.world.pull(REPO, self.number)

    async def _commit(self, files: Mapping[str, str], branch: str) -> str:
        return await asyncio.to_thread(
            self.repository.commit, dict(files), branch=branch
        )

    def _begin(self) -> None:
        """Note how far everything is, for what comes next to be counted."""
        self.github.set_webhook_url(self.webhook_url)
        self._requests = len(self.github.requests)
        self._deliveries = len(self.github.deliveries)
        self._checks = len(self.github.world.repository(REPO).checks)
        self._reviews = len(self._pull.reviews) if self.number else 0
        self.model.asked.clear()
        self.model.sent.clear()

    async def _reviewed(self) -> Json:
        """Wait for the review's end, and return what it took."""
        asked = next(
            one
            for one in self.github.deliveries[self._deliveries :]
            if one.event in ASKS
        )
        since = asked.delivered_at.timestamp() - asked.duration
        async with asyncio.timeout(PATIENCE):
            while not self._checked():  # noqa: ASYNC110 - GitHub's API does it
                await asyncio.sleep(POLL)
            checked = time.time() - since
            await self._quiet()
        posted = [
            one.submitted_at.timestamp() - since
            for one in self._pull.reviews[self._reviews :]
            if one.submitted_at
        ]
        requests = Counter(
            f"{one.method} {ANY.sub('*', one.path.removeprefix(f'/repos/{REPO}'))}"
            for one in self.github.requests[self._requests :]
        )
        (check,) = list(self.github.world.repository(REPO).checks.values())[
            self._checks :
        ]
        return {
            "posted": min(posted, default=None),
            "checked": checked,
            "requests": requests,
            "asked": len(self.model.asked),
            "comments": len(self._pull.review_comments),
            "conclusion": check.conclusion,
            "said": str(check.output.get("summary", "")),
        }

    def _checked(self) -> bool:
        checks = list(self.github.world.repository(REPO).checks.values())
        new = checks[self._checks :]
        return bool(new) and all(one.status == "completed" for one in new)

    async def _quiet(self) -> None:
        """Return once GitHub has not been asked for a while."""
        seen = -1
        while seen != len(self.github.requests):
            seen = len(self.github.requests)
            await asyncio.sleep(QUIET)


def before(text: str) -> str:
    """Return a file as it was: each function took away, and none was remarkable."""
    return text.replace("+", "-").replace(f"  {MARK}", "")


def written(at: int, files: int, functions: int) -> dict[str, str]:
    """Return files, with functions in turn, of which 30 are worth a remark."""
    parts: list[list[str]] = [[] for _ in range(files)]
    for one in range(functions):
        mark = f"  {MARK}" if one < REMARKS else ""
        text = FUNCTION.format(name=f"{at}_{one}", by=one, mark=mark)
        parts[one % files].append(text)
    return {
        f"pull_{at}/group_{one // 50}/part_{one}.py": "\n\n".join(part)
        for one, part in enumerate(parts)
    }
