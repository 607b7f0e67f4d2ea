"""Composition: settings → store → services → routes, and what runs beside them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from pydantic import BaseModel

from bot.api import health
from bot.api import site as api
from bot.api.dry_runs import DryRuns
from bot.api.problems import speaking_http
from bot.api.question import Question, answer
from bot.api.rca import RcaFiles
from bot.api.setup_over import setup_is_over
from bot.api.stream_slots import make_room
from bot.base import Base, opened
from bot.commanding import buttons_on, commands_on
from bot.github.client import GitHubApp
from bot.github.manifest import web_url
from bot.keeping import gauges_of
from bot.labels import Labels
from bot.lifetime import beside, listening, told_to_stop
from bot.migration import bring_up_to_date
from bot.operations import Operations, operations_on
from bot.pages.site import ReviewCenter
from bot.request_ids import named_requests
from bot.schema import SCHEMA
from bot.settings import Settings
from bot.terminal import emit
from bot.webhooks import receiver
from bot.webhooks.clearing import Clearing
from bot.webhooks.handlers import Handlers
from bot.webhooks.inbox import Inbox
from bot.webhooks.missed import Missed
from bot.webhooks.sieve import sieve
from bot.webhooks.threads import Threads
from bot.wiring import reach, wired
from core.rca.service import Rca
from core.store.roles import Roles

__all__ = ["SCHEMA", "Running", "migrate", "running", "serve", "work"]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A bot that answers at `url` until its context ends."""

    url: str
    base: Base
    operations: Operations
    app: GitHubApp
    rca: Rca


async def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Answer webhooks, and work on runs beside it, until SIGTERM or SIGINT."""
    make_room(settings.streams)
    async with running(settings, host=host, port=port, workers=workers) as bot:
        await _hand_over(settings, bot.base)
        log.info("bot.serving", url=bot.url, webhook=f"{bot.url}{receiver.PATH}")
        await told_to_stop()
        log.info("bot.stopping")


async def _hand_over(settings: Settings, base: Base) -> None:
    """Print a token for everything where the embedded database has none yet.

    It goes to standard output alone, for the log is kept and read by others.
    """
    issued = await base.tokens.first() if settings.mongodb_url is None else None
    if issued is not None:
        emit(f"API token for everything, shown only now: {issued.secret}\n")


async def migrate(settings: Settings, *, rebuild: bool) -> Sequence[str]:
    """Bring the database up to date; returns one sentence a change."""
    return await bring_up_to_date(settings, rebuild=rebuild)


async def ask(settings: Settings, question: Question) -> BaseModel:
    """Answer as the API would, for whoever may open the database.

    What only reads needs no GitHub; the rest speaks there if it has the credentials.
    """
    if question.method == "GET" or settings.app_id is None:
        warm = question.method != "GET"
        async with opened(settings, warm=warm) as base:
            operations = operations_on(base, None, model=settings.model)
            reach(base, operations, None)
            endpoints = api.endpoints_of(base, operations)
            return await answer(endpoints, question, base.masker.mask)
    async with wired(settings, workers=0) as parts:
        endpoints = api.endpoints_of(parts.base, parts.operations)
        return await answer(endpoints, question, parts.base.masker.mask)


async def work(settings: Settings) -> None:
    """Work on runs that another process accepted, until SIGTERM or SIGINT."""
    async with working(settings):
        await told_to_stop()
        log.info("worker.stopping")


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[str | None]:
    """Work on runs within the body; yields where the metrics are, if anywhere.

    Raises SettingsError without the App's credentials, AddressTakenError when the port
    of the metrics is another's.
    """
    async with (
        wired(settings, workers=max(settings.workers, 1)) as parts,
        _own_port(settings) as url,
        beside(*parts.companions),
    ):
        log.info("worker.working", name=parts.worker, metrics=url)
        yield url


@asynccontextmanager
async def _own_port(settings: Settings) -> AsyncIterator[str | None]:
    """Answer health and metrics on a port of their own, if the settings want that."""
    if settings.metrics_port is None:
        yield None
        return
    site = web.Application()
    health.add_own_routes(site)
    async with listening(site, settings.host, settings.metrics_port) as url:
        yield f"{url}/metrics"


@asynccontextmanager
async def running(
    settings: Settings, *, host: str, port: int, workers: int
) -> AsyncIterator[Running]:
    """Yield a bot that listens; port 0 takes any free one.

    Raises SettingsError without the App's credentials, AddressTakenError when the port
    is another's.
    """
    async with wired(settings, workers=workers) as parts:
        deliveries = parts.deliveries
        credentials = settings.app_credentials()
        handlers = Handlers(
            reviews=parts.reviews,
            commands=commands_on(parts, settings),
            buttons=buttons_on(parts, settings),
            labels=Labels(
                reviews=parts.reviews,
                operations=parts.operations,
                configs=parts.configs,
                app=parts.app,
            ),
            threads=Threads(findings=parts.base.findings),
            app_id=credentials.app_id,
        )
        inbox = Inbox(
            deliveries=deliveries,
            handle=handlers.handle,
            owner=parts.base.ids.new("inbox"),
            clock=parts.base.clock,
        )
        missed = Missed(
            parts.app,
            deliveries,
            Roles(parts.base.database, clock=parts.base.clock),
            holder=parts.base.ids.new("inbox"),
            clock=parts.base.clock,
        )
        gauges = gauges_of(parts.base)
        site = web.Application()
        named_requests(site, parts.base.ids)
        site.middlewares.append(speaking_http)
        secrets = [
            one.get_secret_value().encode() for one in credentials.webhook_secrets
        ]
        receiver.add_routes(
            site,
            deliveries=deliveries,
            secrets=secrets,
            sift=sieve(credentials.app_id),
            clearing=Clearing(parts.base.masker),
        )
        health.add_routes(site, database=parts.base.database)
        api.add_routes(site, parts.base, parts.operations)
        files = RcaFiles(parts.base, parts.rca)
        files.add_routes(site)
        ReviewCenter(
            parts.base,
            parts.operations,
            files,
            web_url=web_url(settings.github_url),
            public_url=settings.public_url,
        ).add_routes(site)
        site.router.add_get("/setup", setup_is_over)
        DryRuns(parts.workflows, parts.dry_runs, ids=parts.base.ids).add_routes(site)
        async with (
            listening(site, host, port) as url,
            beside(
                *parts.companions,
                (inbox.run, inbox.stop),
                (missed.run, missed.stop),
                (gauges.run, gauges.stop),
            ),
        ):
            yield Running(
                url=url,
                base=parts.base,
                operations=parts.operations,
                app=parts.app,
                rca=parts.rca,
            )
