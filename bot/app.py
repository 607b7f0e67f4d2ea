"""Composition: settings → store → services → routes, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from aiohttp import web
from pydantic import BaseModel

from bot.api import health
from bot.api import site as api
from bot.api.problems import speaking_http
from bot.api.question import Question, answer
from bot.base import Base, opened
from bot.commands.deciding import GateCommands
from bot.commands.handlers import Commands
from bot.github.client import GitHubApp
from bot.github.limits import Policy as GitHubPolicy
from bot.lifetime import beside, listening, told_to_stop
from bot.migration import bring_up_to_date
from bot.operations import Operations, operations_on
from bot.pipeline.github_desk import GitHubDesk
from bot.pipeline.github_source import GitHubSources
from bot.pipeline.review_pipeline import STEPS, ReviewPipeline
from bot.pipeline.verdict import GatePolicy
from bot.request_ids import named_requests
from bot.reviews import Reviews
from bot.schema import SCHEMA
from bot.setting_values import AppCredentials
from bot.settings import Settings
from bot.terminal import emit
from bot.webhooks import receiver
from bot.webhooks.announcer import Announcer
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.handlers import Handlers
from bot.webhooks.inbox import Inbox
from bot.webhooks.outbox import Outbox
from bot.webhooks.sieve import sieve
from core.events.feeder import Feeder
from core.metrics.handler_cpu import accounting
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.turns import Caps
from core.runs.watcher import Watcher
from core.runs.worker import Worker
from core.store.sweeper import Sweeper

__all__ = ["SCHEMA", "Running", "migrate", "running", "serve", "work"]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A bot that answers at `url` until its context ends."""

    url: str
    base: Base
    operations: Operations


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    base: Base
    app: GitHubApp
    deliveries: Deliveries
    announcer: Announcer
    worker: Worker
    feeder: Feeder
    sweeper: Sweeper
    watcher: Watcher
    reviews: Reviews
    operations: Operations


async def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Answer webhooks, and work on runs beside it, until SIGTERM or SIGINT."""
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
            endpoints = api.endpoints_of(base, operations)
            return await answer(endpoints, question, base.masker.mask)
    async with _parts(settings, workers=0) as parts:
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
        _parts(settings, workers=max(settings.workers, 1)) as parts,
        _own_port(settings) as url,
        beside(parts.feeder.run, parts.feeder.stop),
        beside(parts.sweeper.run, parts.sweeper.stop),
        beside(parts.announcer.run, parts.announcer.stop),
        beside(parts.watcher.run, parts.watcher.stop),
        beside(parts.worker.serve, parts.worker.stop),
    ):
        log.info("worker.working", name=parts.worker.name, metrics=url)
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
    async with _parts(settings, workers=workers) as parts:
        deliveries = parts.deliveries
        credentials = settings.app_credentials()
        handlers = Handlers(
            reviews=parts.reviews,
            commands=Commands(
                reviews=parts.reviews,
                operations=parts.operations,
                gates=GateCommands(
                    runs=parts.base.runs,
                    decisions=parts.base.decisions,
                    operations=parts.operations,
                ),
                app=parts.app,
            ),
            app_id=credentials.app_id,
        )
        inbox = Inbox(
            deliveries=deliveries,
            handle=handlers.handle,
            owner=parts.base.ids.new("inbox"),
            clock=parts.base.clock,
        )
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
        )
        health.add_routes(site, database=parts.base.database)
        api.add_routes(site, parts.base, parts.operations)
        async with (
            listening(site, host, port) as url,
            beside(parts.feeder.run, parts.feeder.stop),
            beside(parts.sweeper.run, parts.sweeper.stop),
            beside(parts.announcer.run, parts.announcer.stop),
            beside(inbox.run, inbox.stop),
            beside(parts.watcher.run, parts.watcher.stop),
            beside(parts.worker.serve, parts.worker.stop),
        ):
            yield Running(url=url, base=parts.base, operations=parts.operations)


@asynccontextmanager
async def _parts(settings: Settings, *, workers: int) -> AsyncIterator[_Parts]:
    credentials = settings.app_credentials()
    with accounting(asyncio.get_running_loop()):
        async with _wired(settings, credentials, workers=workers) as parts:
            yield parts


@asynccontextmanager
async def _wired(
    settings: Settings, credentials: AppCredentials, *, workers: int
) -> AsyncIterator[_Parts]:
    async with opened(settings) as base, aiohttp.ClientSession() as session:
        app = GitHubApp(
            app_id=credentials.app_id,
            private_key=credentials.private_key.get_secret_value(),
            api_url=settings.github_url,
            session=session,
            clock=base.clock,
            policy=GitHubPolicy(write_spacing_seconds=settings.write_spacing_seconds),
        )
        limits = Limits(run_seconds=settings.run_seconds)
        desk = GitHubDesk(app=app, clock=base.clock, steps=STEPS)
        pipeline = ReviewPipeline(
            sources=GitHubSources(app),
            choices=base.choices(settings.model),
            desk=desk,
            blobs=base.blobs,
            memory=base.memory(),
            gates=GatePolicy(approval=settings.require_approval),
        )
        worker = Worker(
            base.runs,
            {pipeline.name: pipeline},
            name=base.ids.new("worker"),
            pace=Pace(
                slots=workers,
                lease=settings.lease_seconds,
                drain=settings.drain_seconds,
            ),
            limits=limits,
            caps=Caps(
                repository=settings.runs_per_repository,
                installation=settings.runs_per_installation,
            ),
        )
        reviews = Reviews(
            runs=base.runs,
            app=app,
            desk=desk,
            clock=base.clock,
            settle=limits.settle_seconds,
        )
        feeder = Feeder(
            base.database,
            holder=base.ids.new("feeder"),
            clock=base.clock,
            bus=base.bus,
        )
        deliveries = Deliveries(base.database, clock=base.clock)
        yield _Parts(
            base=base,
            app=app,
            deliveries=deliveries,
            announcer=_announcer(base, deliveries),
            worker=worker,
            feeder=feeder,
            # Watching costs the embedded server a third of its inserts, once there are
            # several processes; with one, nobody else queues anything.
            watcher=Watcher(
                base.database,
                base.runs,
                wanted=settings.watch_queue and settings.mongodb_url is not None,
            ),
            sweeper=Sweeper(
                base.database, holder=base.ids.new("sweeper"), clock=base.clock
            ),
            reviews=reviews,
            operations=operations_on(base, reviews, model=settings.model),
        )


def _announcer(base: Base, deliveries: Deliveries) -> Announcer:
    return Announcer(
        Outbox(base.database, name=deliveries.name, clock=base.clock),
        base.runs.journal,
        news=deliveries.news,
        mask=base.masker.mask,
        clock=base.clock,
    )
