"""A builder of tiny bundles: the run's journal as a member, always the same bytes."""

import asyncio
import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.base import Base
from core.audit.service import Audit
from core.clock import Ids
from core.events.bus import Bus
from core.rca.automatic import Automatic
from core.rca.built import Built
from core.rca.service import Rca
from core.rca.store import BundleStore, Wanted
from core.runs.model import stream_of
from core.runs.service import Runs
from tests.fakes.ahead import AheadClock
from tests.fakes.clock import NOON
from tests.fakes.stage import Stage


@dataclass
class TinyBuilder:
    """Builds real archives of what the journal has; `padding` bytes make them large.

    `gate` holds builds up while it is not set; what is in `faults` is raised, one a
    build. `begun` names the runs whose builds began, `finished` counts
    those that are over.
    """

    runs: Runs
    folder: Path
    padding: int = 0
    next_action: str = "Do it again."
    sentence: str = "The run ended as it did."
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    faults: list[Exception] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    open_files: int = 0
    finished: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    @asynccontextmanager
    async def build(self, run_id: str) -> AsyncIterator[Built]:
        """Yield a bundle of the run as it is now."""
        self.begun.append(run_id)
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        run = await self.runs.load(run_id)
        documents = await self.runs.journal.documents(stream_of(run_id))
        lines = [
            json.dumps({"events": one["events"], "state": one.get("state")})
            for one in documents
        ]
        as_of = documents[-1]["time"]
        data = packed("\n".join(lines), self.padding)
        name = f"rca-{run_id}-{as_of:%Y%m%dT%H%M%SZ}.tar.gz"
        path = self.folder / f"{name}.{len(self.begun)}"
        path.write_bytes(data)
        self.open_files += 1
        try:
            yield Built(
                path=path,
                name=name,
                run_id=run_id,
                repository=run.subject.repository,
                pull=run.subject.pull,
                seq=run.head_seq,
                as_of=as_of,
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                members=2,
                cause="unknown",
                sentence=self.sentence,
                confidence="possible",
                next_action=self.next_action,
            )
        finally:
            self.open_files -= 1
            path.unlink()
            self.finished += 1


def tiny_rca(base: Base, folder: Path, **facts: Any) -> tuple[Rca, TinyBuilder]:
    """Return what builds tiny bundles over a process's services, and their builder."""
    builder = TinyBuilder(base.runs, folder, **facts)
    rca = Rca(
        base.runs,
        BundleStore(base.database, clock=base.clock, days=30),
        builder,
        audit=base.audit,
        clock=base.clock,
        ids=base.ids,
        mask=base.masker.mask,
    )
    return rca, builder


def built_of(
    run_id: str, data: bytes, *, seq: int = 1, sentence: str = "It ended."
) -> Built:
    """Return what a builder says of a bundle with these bytes, which lie nowhere."""
    return Built(
        path=Path("nowhere"),
        name=f"rca-{run_id}-20260105T120000Z.tar.gz",
        run_id=run_id,
        repository="octo/hello",
        pull=1,
        seq=seq,
        as_of=NOON,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        members=1,
        cause="unknown",
        sentence=sentence,
        confidence="possible",
        next_action="",
    )


async def bundles_are_used(stage: Stage, folder: Path) -> None:
    """Have bundles built, read, lost, taken over, failed, revoked and swept away."""
    clock, run_id = AheadClock(0), await stage.ask("d", 8)
    store = BundleStore(stage.database, clock=clock, days=1)
    builder = TinyBuilder(stage.runs, folder)
    rca = Rca(
        stage.runs,
        store,
        builder,
        audit=Audit(stage.runs.journal, clock=clock),
        clock=clock,
        ids=Ids(clock),
        mask=lambda text: text,
    )
    bus = Bus()
    automatic = Automatic(stage.database, rca, holder="k", clock=clock, bus=bus)
    await automatic.once()
    bundle = (await rca.ensure(run_id, actor="ann")).bundle
    assert [one async for one in rca.parts(bundle, 0, bundle.size)]
    await _versions_come_and_go(store, clock, run_id)
    assert await store.latest(run_id) is None
    await store.parts.add("build_nobody", 0, b"half")
    await store.parts.keep("build_nobody", None)
    clock.jump(2 * 86_400)
    assert await store.sweep()
    await rca.close()


async def _versions_come_and_go(
    store: BundleStore, clock: AheadClock, run_id: str
) -> None:
    """Lose one, take it over, let it fail, leave another, and revoke all of them."""
    lost = Wanted(run_id=run_id, repository="octo/hello", pull=8, seq=900)
    held = await store.begin(lost, attempt="build_lost", holder="h")
    assert held is not None
    await store.parts.add(held.attempt, 0, b"half")
    await store.release(held)
    clock.jump(31)
    taken = await store.begin(lost, attempt="build_new", holder="h")
    assert taken is not None
    assert await store.renew(taken)
    await store.fail(taken, "no space left")
    other = await store.begin(replace(lost, seq=901), attempt="build_other", holder="h")
    assert other is not None
    await store.leave(other)
    cut = await store.begin(replace(lost, seq=902), attempt="build_cut", holder="h")
    assert cut is not None
    assert (await store.revoke("octo/hello")).held == 1
    await store.abandon(cut)
    assert (await store.revoke("octo/hello")).held == 0


def packed(text: str, padding: int) -> bytes:
    """Return a gzipped tar with a text, and with bytes that do not compress."""
    made = io.BytesIO()
    members = {
        "00-REPORT.md": b"# A report\n",
        "events.ndjson": text.encode(),
        "padding": random.Random(1).randbytes(padding),  # noqa: S311 # the same each time
    }
    with (
        gzip.GzipFile(fileobj=made, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()
