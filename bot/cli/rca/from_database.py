"""Bundles from the database at hand, as `nofx serve` would send them."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from typing_extensions import override

from bot.base import Base
from bot.bundling import rca_on
from bot.cli.actor import at_keyboard
from bot.cli.rca.origin import Offered, Origin
from bot.settings import Settings
from core.errors import BundleNotFoundError
from core.events.schema import AuditRecorded
from core.rca.kept import Bundle
from core.rca.service import Rca

# A bundle of a run with a gigabyte of logs is made in a minute.
PATIENCE = 3600.0


class DatabaseOrigin(Origin):
    """Makes bundles in this process; the audit has who took which bytes."""

    def __init__(self, base: Base, rca: Rca) -> None:
        self._base = base
        self._rca = rca
        self._made: dict[str, Bundle] = {}

    @classmethod
    @asynccontextmanager
    async def of(cls, base: Base, settings: Settings) -> AsyncIterator[Self]:
        """Give an origin that is closed afterwards."""
        rca = rca_on(base, settings)
        try:
            yield cls(base, rca)
        finally:
            await rca.close()

    @property
    @override
    def address(self) -> str:
        return "the database"

    @override
    async def offer(self, run_id: str) -> Offered:
        ensured = await self._rca.ensure(run_id, actor=at_keyboard(), patience=PATIENCE)
        bundle = ensured.bundle
        self._made[run_id] = bundle
        return Offered(
            run_id=bundle.run_id,
            seq=bundle.seq,
            name=bundle.name,
            size=bundle.size,
            sha256=bundle.sha256,
            etag=f'"{bundle.sha256}"',
        )

    @override
    async def read(
        self, offered: Offered, start: int
    ) -> AsyncGenerator[tuple[int, bytes], None]:
        bundle = self._made.get(offered.run_id)
        if bundle is None:
            raise BundleNotFoundError(run_id=offered.run_id)
        await self._base.audit.record(
            AuditRecorded(
                actor=at_keyboard(),
                action="bundle.download",
                subject=bundle.run_id,
                repository=bundle.repository,
                pull=bundle.pull,
                facts={
                    "seq": bundle.seq,
                    "start": start,
                    "bytes": bundle.size - start,
                    "sha256": bundle.sha256,
                },
            )
        )
        at = start
        async for data in self._rca.parts(bundle, start, bundle.size):
            yield at, data
            at += len(data)
