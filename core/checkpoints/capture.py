"""Turn a run's state into a checkpoint: masked, canonical, named by its SHA-256."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.clock import Ids
from core.events.base import JSON
from core.events.schema import CheckpointCaptured, Kind
from core.store.blobs import Blobs, canonical, digest_of, digests_in

INLINE_BYTES = 16 * 1024
# In canonical JSON. A document's field cannot have it in its name; a blob takes all.
NUL = rb"\u0000"


@dataclass(frozen=True, slots=True)
class Captured:
    """A state ready for the journal: `inline` is None when it went to the blobs."""

    state: JSON
    digest: str
    inline: JSON | None


class Checkpoints:
    """Captures states; secrets are masked before anything is written."""

    def __init__(self, *, blobs: Blobs, ids: Ids, mask: Callable[[JSON], JSON]) -> None:
        self._blobs = blobs
        self._ids = ids
        self._mask = mask

    async def capture(self, state: JSON) -> Captured:
        """Mask and digest a state, and store what no journal entry can hold.

        That is what is larger than 16 KiB, or has a NUL in the name of a field.
        """
        masked = await asyncio.to_thread(self._mask, state)
        text = canonical(masked)
        if len(text) <= INLINE_BYTES and NUL not in text:
            return Captured(masked, digest_of(text), masked)
        digest = await self._blobs.put(text, refs=digests_in(masked))
        return Captured(masked, digest, None)

    def event(
        self,
        captured: Captured,
        *,
        kind: Kind,
        step: str,
        parents: tuple[str, ...],
        actor: str = "",
        reason: str = "",
    ) -> CheckpointCaptured:
        """Name the captured state as a checkpoint of `step`."""
        return CheckpointCaptured(
            checkpoint_id=self._ids.new("cp"),
            kind=kind,
            step=step,
            digest=captured.digest,
            parents=parents,
            artifacts=artifacts(captured.state),
            actor=actor,
            reason=reason,
        )


def artifacts(state: JSON) -> dict[str, str]:
    """Return the digests of the blobs that a state names as `{name}_blob`."""
    return {
        name.removesuffix("_blob"): value
        for name, value in state.items()
        if name.endswith("_blob") and isinstance(value, str)
    }
