"""Where a bundle comes from: a service over HTTP, or the database at hand."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A bundle that is there to be read; `etag` is the same for the same bytes."""

    run_id: str
    seq: int
    name: str
    size: int
    sha256: str
    etag: str


class Origin(Protocol):
    """Makes and hands out bundles."""

    @property
    def address(self) -> str:
        """Return what people know it by."""
        ...

    async def offer(self, run_id: str) -> Offered:
        """Return the bundle of a run as it is now, made if there is none.

        Raises NofxError.
        """
        ...

    def read(
        self, offered: Offered, start: int
    ) -> AsyncGenerator[tuple[int, bytes], None]:
        """Yield its bytes from `start` on, each with the place where it belongs.

        The first may belong at 0: then what was read before is of no use. Raises
        UnavailableError when it breaks off.
        """
        ...
