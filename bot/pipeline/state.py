"""The state that the review pipeline hands from step to step, and its artifacts."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.pipeline.memories import Recalled
from bot.pipeline.ports import Described
from core.checkpoints.diff.model import DiffRules
from core.checkpoints.merge_rules import BY_PAIR, MergeRules, by_field
from core.checkpoints.pointers import pointer
from core.errors import StateUnusableError
from core.events.base import JSON
from core.review.config import ReviewConfig
from core.review.hunks import Diff, parse_diff
from core.review.report import ReportUsage, ReviewReport
from core.review.reviewer import Sighting
from core.review.selection import without
from core.review.verify import Judged
from core.store.blobs import Blobs, Digest

# Paths and hunk ids with their reasons: pairs, for MongoDB before 5 takes no dots in
# a field's name.
Pairs = tuple[tuple[str, str], ...]

# How two branches' states are merged: what is listed by path or hunk, item by item.
MERGE_RULES = MergeRules(
    identities={
        f"/{name}": BY_PAIR
        for name in (
            *("missing", "unread", "changes"),
            *("refuted", "joined", "unsure", "unseen", "unoffered"),
        )
    },
    texts=("/description",),
)

# How two states are compared for people, and what the blobs hold that they name: what
# a machine measures, and the name of a run in its report, differ without a meaning.
DIFF_RULES = DiffRules(
    lists=MergeRules(
        identities={
            **MERGE_RULES.identities,
            "/recalled": by_field("session_id"),
            "/proposals_blob": by_field("fingerprint"),
            "/report_blob/findings": by_field("fingerprint"),
        },
        texts=(
            *MERGE_RULES.texts,
            "/proposals_blob/*/body",
            "/report_blob/findings/*/body",
        ),
    ),
    noise=(
        "/report_blob/run_id",
        *(
            f"{usage}/{measured}"
            for usage in ("/usage", "/report_blob/usage")
            for measured in ("wall_seconds", "cpu_seconds", "peak_memory_bytes")
        ),
    ),
)


class State(BaseModel):
    """What is known so far; large things are blobs, named `…_blob` by their SHA-256."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    description: str = ""
    author: str = ""
    base_sha: str = ""
    head_sha: str = ""
    # A state of an earlier version does not say: then it is taken for a fork's.
    fork: bool = True
    config: ReviewConfig = ReviewConfig()
    config_problems: tuple[str, ...] = ()
    config_broken: bool = False
    diff_blob: str = ""
    missing: Pairs = ()
    # Files that the configuration leaves out: nobody was to read them.
    excluded: tuple[str, ...] = ()
    # Why a person has to approve this head, by the configuration.
    asks: tuple[str, ...] = ()
    files_blob: str = ""
    sightings_blob: str = ""
    unread: Pairs = ()
    changes: Pairs = ()
    proposals_blob: str = ""
    usage: ReportUsage | None = None
    judged_blob: str = ""
    # What a second look came to, by fingerprint, and which suggestions are not offered.
    refuted: Pairs = ()
    joined: Pairs = ()
    unsure: Pairs = ()
    unseen: Pairs = ()
    unoffered: Pairs = ()
    comments: dict[str, int] = {}  # pydantic copies a default
    summarised: dict[str, str] = {}  # pydantic copies a default
    report_blob: str = ""
    # What people had dismissed or waived by then: it is not posted again.
    settled: tuple[str, ...] = ()
    recalled: tuple[Recalled, ...] = ()
    since: str = ""
    # Of the reviewer, the policy and the gates, each as the step had it that asked it:
    # with them a run's decisions can be made again from its checkpoints alone.
    decided_by: JSON = {}  # pydantic copies a default

    @classmethod
    def of(cls, state: JSON) -> Self:
        """Read a checkpoint's state; raises StateUnusableError."""
        try:
            return cls.model_validate(state)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = pointer(map(str, first["loc"]))
            raise StateUnusableError(reason=f"{place}: {first['msg']}") from None

    def decided_with(self, **by: JSON) -> JSON:
        """Return what has decided so far, with what a step adds, as JSON has it."""
        made: JSON = json.loads(json.dumps({**self.decided_by, **by}))
        return made

    @property
    def described(self) -> Described:
        """Return the change in words."""
        return Described(
            title=self.title,
            description=self.description,
            author=self.author,
            base_sha=self.base_sha,
            head_sha=self.head_sha,
            fork=self.fork,
        )


class Artifacts:
    """Reads and writes the large parts of a state."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def diff(self, state: State) -> Diff:
        """Return the parsed diff of what is to be reviewed."""
        return without(await self.whole_diff(state), state.excluded)

    async def whole_diff(self, state: State) -> Diff:
        """Return the parsed diff, with what is excluded from review."""
        data = await self._blobs.get(Digest(state.diff_blob))
        return await asyncio.to_thread(parse_diff, data)

    async def files(self, state: State) -> dict[str, bytes]:
        """Return the changed files' bytes at the head, by path."""
        return await self.files_of(state.files_blob)

    async def files_of(self, files_blob: str) -> dict[str, bytes]:
        """Return the bytes of files, by path, that a blob lists by their digests."""
        digests: dict[str, str] = await self._blobs.get_json(Digest(files_blob))
        return {
            path: await self._blobs.get(Digest(key)) for path, key in digests.items()
        }

    async def sightings(self, state: State) -> tuple[Sighting, ...]:
        """Return where secrets were before they were masked."""
        if not state.sightings_blob:
            return ()
        stored: list[Any] = await self._blobs.get_json(Digest(state.sightings_blob))
        return tuple(Sighting(**one) for one in stored)

    async def keep_sightings(self, found: Iterable[Sighting]) -> str:
        """Store where secrets were, and return the digest."""
        return await self.keep_json([asdict(one) for one in found])

    async def judged(self, state: State) -> tuple[Judged, ...]:
        """Return the findings with their fates."""
        stored: list[Any] = await self._blobs.get_json(Digest(state.judged_blob))
        return tuple(Judged.model_validate(one) for one in stored)

    async def report(self, state: State) -> ReviewReport:
        """Return the finished report."""
        stored = await self._blobs.get_json(Digest(state.report_blob))
        return ReviewReport.model_validate(stored)

    async def keep(self, data: bytes) -> str:
        """Store bytes and return their digest."""
        return await self._blobs.put(data)

    async def keep_json(self, value: Any) -> str:
        """Store a JSON value and return its digest."""
        return await self._blobs.put_json(value)

    async def json(self, digest: str) -> Any:
        """Return a JSON value that was kept."""
        return await self._blobs.get_json(Digest(digest))
