"""What keeps the database in order beside whoever works, and counts what is in it."""

from bot.auditing import DailyHead
from bot.base import Base
from bot.lifetime import Companion
from bot.settings import Settings
from bot.trimming import DailyTrim
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
from core.rca.automatic import Automatic
from core.rca.service import Rca
from core.rca.sweeping import BundleSweeper
from core.runs.standing import standings
from core.runs.watcher import Watcher
from core.store.sweeper import Sweeper


def keepers(settings: Settings, base: Base) -> tuple[Companion, ...]:
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


def bundlers(settings: Settings, base: Base, rca: Rca) -> tuple[Companion, ...]:
    """Return what builds bundles by itself, and takes old ones away."""
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
