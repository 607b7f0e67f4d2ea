"""Composition: settings → store → services, and what runs beside whoever serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.auditing import DailyHead
from bot.base import Base, opened
from bot.bundling import clear_spool, rca_on
from bot.github.base_config import BaseConfigs, GitHubConfigs
from bot.github.client import GitHubApp
from bot.github.limits import Policy as GitHubPolicy
from bot.github.publishing import publisher_of
from bot.github.signing_keys import SigningKeys
from bot.github.workflow_tokens import WorkflowTokens
from bot.lifetime import Companion
from bot.models.catalog import check_choices
from bot.operations import Operations, operations_on
from bot.pipeline.github_desk import GitHubDesk
from bot.pipeline.github_remarks import GitHubRemarks
from bot.pipeline.github_source import GitHubSources
from bot.pipeline.nobodys_desk import NobodysDesk
from bot.pipeline.review_pipeline import DRY_NAME, STEPS, ReviewPipeline
from bot.pipeline.state import Artifacts
from bot.pipeline.tracking import LedgerTracking
from bot.pipeline.verdict import GatePolicy
from bot.redaction_places import derived_places
from bot.remembering import PullMemory, memories_on
from bot.reviews import Reviews
from bot.setting_values import AppCredentials
from bot.settings import Settings
from bot.silent_reviews import SilentReviews
from bot.trimming import DailyTrim
from bot.version import running_program
from bot.webhooks.announcer import Announcer
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.outbox import Outbox
from core.clock import Clock
from core.feed.cuts import Forgetting
from core.feed.feeder import Feeder
from core.feed.indexer import Indexer
from core.feed.just_fed import JustFed
from core.feed.lag import FeedLag
from core.memory.due import DueStore
from core.memory.redaction_standing import RedactionStanding
from core.memory.redaction_store import RedactionStore
from core.memory.redactor import Redactor
from core.memory.standing import MemoryStanding
from core.metrics.gauges import Refresher
from core.metrics.handler_cpu import accounting
from core.rca.automatic import Automatic
from core.rca.service import Rca
from core.rca.sweeping import BundleSweeper
from core.redaction.places import Derived
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.standing import standings
from core.runs.turns import Caps
from core.runs.watcher import Watcher
from core.runs.worker import Worker
from core.store.sweeper import Sweeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What serves webhooks and the API, and the companions that run beside it.

    `worker` is the name under which runs are worked here.
    """

    base: Base
    app: GitHubApp
    deliveries: Deliveries
    reviews: Reviews
    configs: BaseConfigs
    operations: Operations
    dry_runs: SilentReviews
    workflows: WorkflowTokens | None
    memories: PullMemory
    rca: Rca
    worker: str
    companions: tuple[Companion, ...]


@asynccontextmanager
async def wired(settings: Settings, *, workers: int) -> AsyncIterator[Parts]:
    """Yield the bot's services, of which none runs yet, until the body ends.

    Raises SettingsError without the App's credentials, and what `opened` raises.
    """
    credentials = settings.app_credentials()
    with accounting(asyncio.get_running_loop()):
        async with _assembled(settings, credentials, workers=workers) as parts:
            yield parts


@asynccontextmanager
async def _assembled(
    settings: Settings, credentials: AppCredentials, *, workers: int
) -> AsyncIterator[Parts]:
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
        check_choices(base.models)
        desk = GitHubDesk(
            app=app,
            clock=base.clock,
            steps=STEPS,
            publisher=publisher_of(settings),
        )
        configs = GitHubConfigs()
        memories = memories_on(base.database, base.memory)
        remarks = GitHubRemarks(app, resolves=settings.resolve_threads)
        tracking = LedgerTracking(base.findings, remarks)
        sources = GitHubSources(app, configs)
        choices, answers = base.choices(settings.model), base.answers()
        pipeline = ReviewPipeline(
            reading=base.reading(sources, memories, tracking),
            choices=choices,
            desk=desk,
            blobs=base.blobs,
            answers=answers,
            gates=GatePolicy(approval=settings.require_approval),
        )
        dry = ReviewPipeline(
            name=DRY_NAME,
            reading=base.reading(sources, memories),
            choices=choices,
            desk=NobodysDesk(),
            blobs=base.blobs,
            answers=answers,
            # Nobody is asked to waive anything: the report says it all.
            gates=GatePolicy(blocking=False),
        )
        worker = Worker(
            base.runs,
            {one.name: one for one in (pipeline, dry)},
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
            program=running_program(),
        )
        reviews = Reviews(
            runs=base.runs,
            app=app,
            desk=desk,
            configs=configs,
            clock=base.clock,
            settle=limits.settle_seconds,
        )
        deliveries = Deliveries(base.database, clock=base.clock)
        announcer = _announcer(base, deliveries)
        operations = operations_on(base, reviews, model=settings.model)
        reach(base, operations, app)
        dry_runs = SilentReviews(
            runs=base.runs,
            lister=base.lister,
            artifacts=Artifacts(base.blobs),
            app=app,
            clock=base.clock,
        )
        workflows = _workflows(settings, session, base.clock)
        rca = rca_on(base, settings)
        await asyncio.to_thread(clear_spool, settings, now=base.clock.now().timestamp())
        try:
            yield Parts(
                base=base,
                app=app,
                deliveries=deliveries,
                reviews=reviews,
                configs=configs,
                operations=operations,
                dry_runs=dry_runs,
                workflows=workflows,
                memories=memories,
                rca=rca,
                worker=worker.name,
                companions=(
                    *_keepers(settings, base),
                    *_bundlers(settings, base, rca),
                    (announcer.run, announcer.stop),
                    (worker.serve, worker.stop),
                ),
            )
        finally:
            await rca.close()


def _workflows(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock
) -> WorkflowTokens | None:
    """Return what knows workflows' tokens, None where none can be for us."""
    issuer, audience = settings.oidc_issuer, settings.public_url
    if audience is None:
        return None
    keys = SigningKeys(issuer, session=session, clock=clock)
    return WorkflowTokens(keys, issuer=issuer, audience=audience, clock=clock)


def reach(base: Base, operations: Operations, app: GitHubApp | None) -> None:
    """Let redactions reach all that was made of what is remembered.

    Without `app` what stands at GitHub is left to a process that serves.
    """

    async def places() -> tuple[Derived, ...]:
        signer = await base.memory.keyring().signing.signer()
        return derived_places(base, signer=signer, operations=operations, app=app)

    if base.memory.redacting is not None:
        base.memory.redacting.reach(places)


def _keepers(settings: Settings, base: Base) -> tuple[Companion, ...]:
    """Return what keeps the database in order, whatever the process is for."""
    database, clock = base.database, base.clock
    fed = JustFed()
    feeder = Feeder(
        database,
        holder=base.ids.new("feeder"),
        clock=clock,
        bus=base.bus,
        just_fed=fed,
    )
    indexer = Indexer(
        database,
        holder=base.ids.new("indexer"),
        clock=clock,
        bus=base.bus,
        just_fed=fed,
    )
    sweeper = Sweeper(database, holder=base.ids.new("sweeper"), clock=clock)
    trimming = DailyTrim(base, days=settings.event_retention)
    heads = DailyHead(base)
    # Watching costs the embedded server a third of its inserts, once there are several
    # processes; with one, nobody else queues anything.
    watching = settings.watch_queue and settings.mongodb_url is not None
    watcher = Watcher(database, base.runs, wanted=watching)
    forgetting = Forgetting(database, bus=base.bus, clock=clock, caches=(fed.forget,))
    mortal = base.memory.sweeper
    return (
        *([(mortal.run, mortal.stop)] if mortal is not None else []),
        (forgetting.run, forgetting.stop),
        *_redactors(base),
        (feeder.run, feeder.stop),
        (indexer.run, indexer.stop),
        (sweeper.run, sweeper.stop),
        (trimming.run, trimming.stop),
        (heads.run, heads.stop),
        (watcher.run, watcher.stop),
    )


def _bundlers(settings: Settings, base: Base, rca: Rca) -> tuple[Companion, ...]:
    automatic = Automatic(
        base.database,
        rca,
        holder=base.ids.new("bundler"),
        clock=base.clock,
        bus=base.bus,
        wanted=settings.bundles == "auto",
    )
    sweeper = BundleSweeper(
        base.database,
        base.bundles,
        holder=base.ids.new("sweeper"),
        clock=base.clock,
    )
    return ((automatic.run, automatic.stop), (sweeper.run, sweeper.stop))


def _redactors(base: Base) -> tuple[Companion, ...]:
    if base.memory.redacting is None:
        return ()
    redactor = Redactor(base.memory.redacting, clock=base.clock)
    return ((redactor.run, redactor.stop),)


def gauges_of(base: Base) -> Refresher:
    """Return what reads the gauges of the whole service, for processes that serve."""
    standing = standings(base.runs.projection, clock=base.clock)
    lag = FeedLag(base.database, clock=base.clock)
    remembered = MemoryStanding(DueStore(base.database), clock=base.clock)
    redacted = RedactionStanding(RedactionStore(base.database), clock=base.clock)
    return Refresher((*standing, lag, remembered, redacted), clock=base.clock)


def _announcer(base: Base, deliveries: Deliveries) -> Announcer:
    return Announcer(
        Outbox(base.database, name=deliveries.name, clock=base.clock),
        base.runs.journal,
        news=deliveries.news,
        mask=base.masker.mask,
        clock=base.clock,
    )
