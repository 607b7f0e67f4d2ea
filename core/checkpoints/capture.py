"""Turn a run's state into a checkpoint: masked, canonical, named by its SHA-256."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from core.clock import Ids
from core.events.base import JSON
from core.events.schema import CheckpointCaptured, Kind
from core.store.blobs import Blobs, canonical, digest_of, digests_in

INLINE_BYTES = 16 * 1024
# So much is masked between two turns of the loop; a thread costs more than it.
AT_ONCE = 4 * 1024
REMEMBERED = 8192
# In canonical JSON. A document's field cannot have it in its name; a blob takes all.
NUL = rb"\u0000"


@dataclass(frozen=True, slots=True)
class Captured:
    """A state ready for the journal: `inline` is None when it went to the blobs."""

    state: JSON
    digest: str
    inline: JSON | None


NOTHING_YET = Captured({}, digest_of(canonical({})), {})


class Checkpoints:
    """Captures states; secrets are masked before anything is written.

    `mask` must treat each field of a state by itself, for those that it once left as
    they were are not read again.
    """

    def __init__(self, *, blobs: Blobs, ids: Ids, mask: Callable[[JSON], JSON]) -> None:
        self._blobs = blobs
        self._ids = ids
        self.mask = mask
        self._clean: OrderedDict[bytes, None] = OrderedDict()

    async def capture(self, state: JSON) -> Captured:
        """Mask and digest a state, and store what no journal entry can hold.

        That is what is larger than 16 KiB, or has a NUL in the name of a field.
        """
        masked, text = await self._masked(state)
        if len(text) <= INLINE_BYTES and NUL not in text:
            return Captured(masked, digest_of(text), masked)
        digest = await self._blobs.put(text, refs=digests_in(masked))
        return Captured(masked, digest, None)

    async def _masked(self, state: JSON) -> tuple[JSON, bytes]:
        """Return the state without secrets and its canonical JSON.

        A step leaves most of a state as it was, and to look for secrets takes long.
        """
        texts = {name: canonical({name: value}) for name, value in state.items()}
        short = {name: sha256(text).digest() for name, text in texts.items()}
        new = {n: value for n, value in state.items() if short[n] not in self._clean}
        if sum(len(texts[name]) for name in new) <= AT_ONCE:
            found = self.mask(new)
        else:
            found = await asyncio.to_thread(self.mask, new)
        kept = {n: value for n, value in state.items() if n not in new}
        for name, value in found.items():
            if name not in new or value != new[name]:
                texts[name] = canonical({name: value})
                short.pop(name, None)
        masked = {**kept, **found}
        self._remember(short[name] for name in masked if name in short)
        return masked, _joined({name: texts[name] for name in masked})

    def _remember(self, clean: Iterable[bytes]) -> None:
        for one in clean:
            self._clean[one] = None
            self._clean.move_to_end(one)
        while len(self._clean) > REMEMBERED:
            self._clean.popitem(last=False)

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


def _joined(fields: Mapping[str, bytes]) -> bytes:
    """Return the canonical JSON of an object from that of each of its fields."""
    # RFC 8785, 3.2.3: names are sorted by their UTF-16 code units.
    names = sorted(fields, key=lambda name: name.encode("utf-16-be"))
    return b"{" + b",".join(fields[name][1:-1] for name in names) + b"}"


def artifacts(state: JSON) -> dict[str, str]:
    """Return the digests of the blobs that a state names as `{name}_blob`."""
    return {
        name.removesuffix("_blob"): value
        for name, value in state.items()
        if name.endswith("_blob") and isinstance(value, str)
    }
