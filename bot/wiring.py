"""Composition: settings → store → services, and what runs beside whoever serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.base import Base, opened
from bot.bundling import clear_spool, rca_on
from bot.github.base_config import BaseConfigs, GitHubConfigs
from bot.github.client import GitHubApp
from bot.github.limits import Policy as GitHubPolicy
from bot.github.publishing import publisher_of
from bot.github.signing_keys import SigningKeys
from bot.github.workflow_tokens import WorkflowTokens
from bot.keeping import bundlers, keepers
from bot.lifetime import Companion
from bot.models.catalog import check_choices
from bot.naming import RUN_PAGE
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
from bot.version import running_program
from bot.webhooks.announcer import Announcer
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.outbox import Outbox
from core.clock import Clock
from core.metrics.handler_cpu import accounting
from core.rca.service import Rca
from core.redaction.places import Derived
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.turns import Caps
from core.runs.worker import Worker


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
            run_url=f"{settings.public_url}{RUN_PAGE}" if settings.public_url else None,
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
                    *keepers(settings, base),
                    *bundlers(settings, base, rca),
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


def _announcer(base: Base, deliveries: Deliveries) -> Announcer:
    return Announcer(
        Outbox(base.database, name=deliveries.name, clock=base.clock),
        base.runs.journal,
        news=deliveries.news,
        mask=base.masker.mask,
        clock=base.clock,
    )
