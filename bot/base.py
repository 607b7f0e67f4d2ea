"""What every command stands on: the database, the journal, runs and the mask."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from bot.memory import MemoryParts, memory_on
from bot.memory_keys import make_own_keys
from bot.model_values import RULES, options_of
from bot.models.catalog import Equipment, make_model
from bot.pipeline.cover import Cover, Reading
from bot.pipeline.memories import NO_MEMORIES, Memories
from bot.pipeline.overrides import Choices, remembering
from bot.pipeline.ports import Sources
from bot.pipeline.recorded import Records
from bot.pipeline.remembered import Answers
from bot.pipeline.review_pipeline import NAMES
from bot.pipeline.state import DIFF_RULES, MERGE_RULES
from bot.pipeline.tracking import NO_TRACKING, Tracking
from bot.schema import SCHEMA
from bot.setting_values import StreamPolicy
from bot.settings import Settings
from core.access.service import Tokens
from core.access.store import TokenStore
from core.access.ticket_desk import TicketDesk
from core.access.ticket_store import TicketStore
from core.audit.service import Audit
from core.checkpoints.capture import Checkpoints
from core.clock import Clock, Ids, SystemClock
from core.events.base import JSON
from core.events.bus import Bus
from core.events.journal import Journal
from core.rca.store import BundleStore
from core.review.ledger.service import Findings
from core.review.reviewer import ReviewModel
from core.review.verify import Policy
from core.runs.branching import Branches
from core.runs.comparing import Comparing
from core.runs.decisions import Decisions
from core.runs.lister import RunLister
from core.runs.merging import Merges
from core.runs.projection import RunProjection
from core.runs.service import Runs
from core.runs.work import Work
from core.sandbox import Sandbox
from core.secrets.finder import SecretFinder, shared_finder
from core.secrets.masker import Masker
from core.store.blobs import Blobs
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from core.store.server_clock import ServerClock
from core.store.sweeper import swept_soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The services that know neither GitHub nor HTTP."""

    database: Database
    blobs: Blobs
    runs: Runs
    tokens: Tokens
    tickets: TicketDesk
    lister: RunLister
    branches: Branches
    merges: Merges
    comparing: Comparing
    decisions: Decisions
    bundles: BundleStore
    findings: Findings
    audit: Audit
    memory: MemoryParts
    bus: Bus
    streams: StreamPolicy
    models: Equipment
    finder: SecretFinder
    masker: Masker
    clock: Clock
    ids: Ids

    def answers(self) -> Answers:
        """Return what reviewers said before, without the secrets in it."""
        work = Work(self.database, clock=self.clock)
        records = Records(self.blobs, self.runs.checkpoints.mask)
        return Answers(work, self.masker.mask, records)

    def reading(
        self,
        sources: Sources,
        memories: Memories = NO_MEMORIES,
        tracking: Tracking = NO_TRACKING,
    ) -> Reading:
        """Return how changes are read from these sources: without their secrets."""
        cover = Cover(masker=self.masker, finder=self.finder)
        return Reading(
            sources=sources, cover=cover, memories=memories, tracking=tracking
        )

    def choices(self, model: str) -> Choices:
        """Return what runs choose from, `model` unless a branch has another."""

        def make(name: str) -> ReviewModel:
            return make_model(name, self.models)

        return Choices(
            make=remembering(make),
            model=model,
            policy=Policy(),
            rules=RULES,
            offered=self.models.options.allowed,
        )


@asynccontextmanager
async def opened(
    settings: Settings, data_dir: Path | None = None, *, warm: bool = True
) -> AsyncIterator[Base]:
    """Yield the services over a migrated database, and close it all afterwards.

    Without MONGODB_URL the embedded server of `data_dir` is attached to or started.
    Without `warm` the rules that find secrets are loaded only when one is looked for.
    Raises what `EmbeddedServer.running` and `migrate` raise.
    """
    async with reached(settings, data_dir or settings.data_dir) as database:
        await migrate(database, SCHEMA)
        clock = ServerClock(database.time, clock=SystemClock())
        await clock.refresh()
        base = assembled(database, settings, clock)
        # Loading its rules takes seconds the first time: it begins before it is needed.
        loading = asyncio.to_thread(base.finder.warm) if warm else asyncio.sleep(0)
        warming = asyncio.create_task(loading)
        setting = asyncio.create_task(clock.keep_right())
        try:
            yield base
        finally:
            setting.cancel()
            try:
                await base.memory.close()
            finally:
                await base.models.servers.close()
                await base.runs.close()
                await warming


@asynccontextmanager
async def reached(settings: Settings, data_dir: Path) -> AsyncIterator[Database]:
    """Yield the database that the settings name, as it is."""
    if settings.mongodb_url is not None:
        database = connect(settings.mongodb_url.get_secret_value())
        try:
            yield database
        finally:
            await database.close()
        return
    async with EmbeddedServer.running(data_dir, clock=SystemClock()) as server:
        database = connect(server.url, embedded=True)
        try:
            yield database
        finally:
            await database.close()


def assembled(database: Database, settings: Settings, clock: Clock) -> Base:
    """Wire the services over a database; the settings' secrets are masked in it."""
    ids = Ids(clock)
    blobs = Blobs(database, clock=clock)
    bus = Bus()
    finder = shared_finder(private_folder(settings.cache_dir))
    make_own_keys(settings)  # before the mask is made, which then knows them
    masker = Masker(settings.secret_values(), finder=finder)

    def mask(state: JSON) -> JSON:
        return cast("JSON", masker.mask_json(state))

    runs = Runs(
        journal=Journal(database, clock=clock, ids=ids, bus=bus),
        projection=RunProjection(database),
        checkpoints=Checkpoints(blobs=blobs, ids=ids, mask=mask),
        blobs=blobs,
        clock=clock,
        ids=ids,
    )
    bundles = BundleStore(database, clock=clock, days=settings.bundle_retention)

    async def forget(repository: str) -> None:
        await bundles.revoke(repository)

    branches = Branches(runs)
    lister = RunLister(database, clock=clock)
    audit = Audit(runs.journal, clock=clock)
    memory = memory_on(
        database,
        settings,
        journal=runs.journal,
        audit=audit,
        clock=clock,
        ids=ids,
        mask=mask,
    )
    tokens = Tokens(TokenStore(database), clock=clock, ids=ids)
    return Base(
        database=database,
        blobs=blobs,
        runs=runs,
        tokens=tokens,
        tickets=TicketDesk(TicketStore(database), tokens, clock=clock),
        lister=lister,
        branches=branches,
        merges=Merges(
            runs,
            branches,
            blobs=blobs,
            ids=ids,
            rules=dict.fromkeys(NAMES, MERGE_RULES),
        ),
        comparing=Comparing(runs, blobs, lister, dict.fromkeys(NAMES, DIFF_RULES)),
        decisions=Decisions(
            runs, forget=forget, let_go=partial(swept_soon, database, clock=clock)
        ),
        bundles=bundles,
        findings=Findings(database, runs.journal, clock=clock),
        audit=audit,
        memory=memory,
        bus=bus,
        streams=StreamPolicy(
            most=settings.streams,
            most_a_token=settings.streams_per_token,
            secure=(settings.public_url or "").startswith("https:"),
        ),
        models=Equipment(
            sandbox=Sandbox(), finder=finder, clock=clock, options=options_of(settings)
        ),
        finder=finder,
        masker=masker,
        clock=clock,
        ids=ids,
    )


def private_folder(path: Path) -> Path | None:
    """Return a folder that nobody else can write, made if need be, or None.

    What is cached there is loaded as code would be, so a folder that others can write
    is not used.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = path.stat()
    except OSError:
        return None
    mine = facts.st_uid == os.getuid()
    return path if mine and not facts.st_mode & 0o022 else None
