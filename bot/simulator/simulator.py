"""The simulated GitHub: start it, give it repositories, and act as its users."""

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from bot.simulator.acting import Acting
from bot.simulator.answers import Json
from bot.simulator.faults import Faults
from bot.simulator.git import Git
from bot.simulator.graph import endpoint
from bot.simulator.installing import install
from bot.simulator.limits import RateLimits
from bot.simulator.oidc import Issuer, Job
from bot.simulator.pages import Pages
from bot.simulator.records import Delivery, Repository
from bot.simulator.registering import AppCredentials, AppWish, credentials, register
from bot.simulator.routes import (
    apps,
    checks,
    code,
    comments,
    pulls,
    review_comments,
    reviews,
)
from bot.simulator.server import REST, RecordedRequest, Server
from bot.simulator.shapes.checks import check_run, full_delivery
from bot.simulator.shapes.pulls import full_pull, issue_comment
from bot.simulator.shapes.reviews import review, review_comment
from bot.simulator.webhooks import Webhooks
from bot.simulator.world import World
from core.clock import Clock, SystemClock

ROUTES = (
    *apps.ROUTES,
    *checks.ROUTES,
    *comments.ROUTES,
    *reviews.ROUTES,
    *review_comments.ROUTES,
    *pulls.ROUTES,
    *code.ROUTES,
    *endpoint.ROUTES,
)


class Simulator(Acting):
    """A GitHub on this machine, over real HTTP.

    `port` 0 takes a free one. The REST API is at `api_url` (GitHub Enterprise's
    layout), GraphQL at `graphql_url`, web pages at `url`. `requests` holds every API
    request so far and `faults` makes the next ones go wrong. `oidc` issues the tokens
    of workflows' jobs.
    """

    def __init__(
        self, *, port: int = 0, host: str = "127.0.0.1", clock: Clock | None = None
    ) -> None:
        self._host = host
        self._port = port
        world = World(clock or SystemClock())
        super().__init__(world, Webhooks(world))
        self._server = Server(self._world, self._hooks, ROUTES)
        Pages(world, self._hooks, owner="octo").add_to(self._server.application)
        self.oidc = Issuer(world)
        self.oidc.add_to(self._server.application)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; from then on `url` and `api_url` are set."""
        self._hooks.start()
        runner = web.AppRunner(
            self._server.application, access_log=None, shutdown_timeout=1
        )
        self._runner = runner
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        port = runner.addresses[0][1]
        self._world.url = f"http://{self._host}:{port}"
        self._world.api_url = self._world.url + REST

    async def close(self) -> None:
        """Stop listening, and drop what is under way."""
        self._server.stop()
        await self._hooks.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Return the address of the web pages, such as `http://127.0.0.1:4000`."""
        return self._world.url

    @property
    def api_url(self) -> str:
        """Return the root of the REST API."""
        return self._world.api_url

    @property
    def graphql_url(self) -> str:
        """Return the address of GraphQL."""
        return f"{self._world.url}/api/graphql"

    @property
    def world(self) -> World:
        """Return the state itself, for what no method here does."""
        return self._world

    @property
    def faults(self) -> Faults:
        """Return the fault switch."""
        return self._server.faults

    @property
    def limits(self) -> RateLimits:
        """Return the rate limits; `limits.limit` may be lowered."""
        return self._server.limits

    @property
    def requests(self) -> list[RecordedRequest]:
        """Return every REST and GraphQL request so far, oldest first."""
        return self._server.requests

    @property
    def deliveries(self) -> list[Delivery]:
        """Return every webhook delivery so far, oldest first."""
        return self._world.deliveries

    def register_app(
        self,
        *,
        slug: str = "nofx",
        owner: str = "octo",
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        permissions: Mapping[str, str] | None = None,
        events: tuple[str, ...] | None = None,
        private_key: str | None = None,
    ) -> AppCredentials:
        """Register an App and return its credentials; its user is `slug[bot]`.

        `private_key` (PEM) saves the time that making a new one takes.
        """
        wish = AppWish(
            slug=slug,
            owner=owner,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            permissions=None if permissions is None else dict(permissions),
            events=events,
            private_key=private_key,
        )
        return credentials(register(self._world, wish))

    def set_webhook_url(self, url: str, *, slug: str = "nofx") -> None:
        """Send an App's webhooks to another address from now on."""
        for app in self._world.apps.values():
            if app.slug == slug:
                app.webhook_url = url

    def add_repository(
        self,
        full_name: str,
        git_dir: Path,
        *,
        permissions: Mapping[str, str] | None = None,
        default_branch: str = "main",
        private: bool = False,
    ) -> None:
        """Show a git folder as a repository; it is only ever read.

        `permissions` maps logins to admin, maintain, write, triage, read or none.
        """
        self._world.repositories[full_name.lower()] = Repository(
            id=self._world.new_id(),
            full_name=full_name,
            git=Git(git_dir),
            default_branch=default_branch,
            private=private,
            permissions=dict(permissions or {}),
            created_at=self._world.now(),
        )

    def set_permission(self, full_name: str, login: str, role: str) -> None:
        """Give a user another role in a repository."""
        self._world.repository(full_name).permissions[login] = role

    def install(
        self,
        full_name: str,
        *,
        slug: str = "nofx",
        permissions: Mapping[str, str] | None = None,
    ) -> int:
        """Install an App on a repository without telling it; returns the number.

        Repositories of one owner share an installation.
        """
        record = self._world.repository(full_name)
        app = next(app for app in self._world.apps.values() if app.slug == slug)
        return install(self._world, app, record, permissions).id

    def job(
        self, full_name: str, number: int, *, event: str = "pull_request", run: int = 1
    ) -> Job:
        """Begin a job of a workflow run in a repository, for a pull request of it."""
        record = self._world.repository(full_name)
        pull = self._world.pull(full_name, number)
        return self.oidc.job(record, pull, event=event, run=run)

    def pull(self, full_name: str, number: int) -> Json:
        """Return a pull request as REST shows it."""
        record = self._world.repository(full_name)
        return full_pull(self._world, record, self._world.pull(full_name, number))

    def reviews(self, full_name: str, number: int) -> list[Json]:
        """Return a pull request's reviews as REST shows them, pending ones too."""
        record = self._world.repository(full_name)
        pull = self._world.pull(full_name, number)
        return [review(self._world, record, pull, one) for one in pull.reviews]

    def review_comments(self, full_name: str, number: int) -> list[Json]:
        """Return the comments on the diff as REST shows them, pending ones too."""
        record = self._world.repository(full_name)
        pull = self._world.pull(full_name, number)
        return [
            review_comment(self._world, record, pull, one)
            for one in pull.review_comments
        ]

    def issue_comments(self, full_name: str, number: int) -> list[Json]:
        """Return the conversation as REST shows it."""
        record = self._world.repository(full_name)
        pull = self._world.pull(full_name, number)
        return [issue_comment(self._world, record, one) for one in pull.comments]

    def check_runs(self, full_name: str, sha: str) -> list[Json]:
        """Return a commit's check runs, oldest first.

        Each is as REST shows it, with `actions`, `annotations`, and `history`: the
        (status, conclusion, title) that it went through.
        """
        record = self._world.repository(full_name)
        return [
            {
                **check_run(self._world, record, run),
                "actions": list(run.actions),
                "annotations": list(run.annotations),
                "history": list(run.history),
            }
            for run in record.checks.values()
            if run.suite.head_sha == sha
        ]

    def delivery(self, number: int) -> Json:
        """Return one delivery as REST shows it."""
        found = next(one for one in self._world.deliveries if one.id == number)
        return full_delivery(found)
