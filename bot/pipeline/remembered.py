"""Review file by file, and only what nobody has reviewed before just like this."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.pipeline.asking import asked
from bot.pipeline.recorded import NOTHING_ASKED, Recorded, Records
from core.review.coverage import nameable
from core.review.findings import BODY, TITLE, Proposal
from core.review.hunks import Diff, FilePatch
from core.review.reviewer import ReviewModel, ReviewRequest, Usage
from core.runs.work import Key, Work, key_of

KIND = "file"
MASKED = "[masked:"
Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A whole answer, of which `reused` of `files` files were answered before.

    `usage` is what the rest cost now, `recorded` where it was kept word for word.
    Secrets are masked in the proposals.
    """

    proposals: tuple[Proposal, ...]
    unread: Mapping[str, str]
    usage: Usage
    files: int
    reused: int
    recorded: Recorded = NOTHING_ASKED


@dataclass(frozen=True, slots=True)
class Answers:
    """Asks a reviewer for what is new, and remembers what it said.

    A file of which it read nothing is asked for again: what kept it may have passed.
    """

    work: Work
    mask: Mask
    records: Records

    async def review(
        self, model: ReviewModel, request: ReviewRequest, run_id: str
    ) -> Remembered:
        """Return the answer to the whole request; raises as the model does."""
        keys = await asyncio.to_thread(_keys, model, request)
        known = await self.work.done(keys.values())
        fresh = {path for path, key in keys.items() if key not in known}
        answers: dict[str, Any] = {
            path: known[key] for path, key in keys.items() if key in known
        }
        usage, recorded = Usage(), NOTHING_ASKED
        if fresh or not keys:
            question = _only(request, fresh)
            answer = await asked(model, question)
            usage = answer.usage
            recorded = await self.records.keep(model, question, answer)
            proposals = await asyncio.to_thread(masked, answer.proposals, self.mask)
            made = dict(_by_file(fresh, request.diff, proposals, answer.unread))
            answers |= made
            unread = _unread_files(request.diff, answer.unread)
            read = {keys[path]: made[path] for path in fresh - unread}
            await self.work.keep(KIND, run_id, read)
        whole = _whole(request.diff, answers, usage, reused=len(keys) - len(fresh))
        return replace(whole, recorded=recorded)


def masked(proposals: Sequence[Proposal], mask: Mask) -> tuple[Proposal, ...]:
    """Return the proposals without the secrets that a reviewer may have quoted.

    A suggestion is code that someone will apply: one with a secret in it is dropped
    rather than changed.
    """
    return tuple(
        one.model_copy(
            update={
                "title": mask(one.title)[:TITLE],
                "body": mask(one.body)[:BODY],
                "suggestion": one.suggestion
                if one.suggestion and _is_clean(one.suggestion, mask)
                else None,
            }
        )
        for one in proposals
        if nameable(one.path)
    )


def _is_clean(suggestion: str, mask: Mask) -> bool:
    """Return whether code can be applied: a mask would take the secret's place."""
    return MASKED not in suggestion and mask(suggestion) == suggestion


def _keys(model: ReviewModel, request: ReviewRequest) -> dict[str, Key]:
    """Name the work on each file by all that a reviewer may look at for it."""
    patches: dict[str, list[FilePatch]] = {}
    for patch in request.diff.files:
        patches.setdefault(patch.path, []).append(patch)
    # What people say of the change and want is read by language models alone.
    said: tuple[str, ...] = ("", "")
    if model.is_model:
        wanted = json.dumps([asdict(one) for one in request.preferences])
        said = (request.title, request.description, wanted)
    return {
        path: key_of(
            (
                *(model.name, model.version, *said, path),
                *(part for patch in listed for part in _parts(patch)),
                *(repr(one) for one in request.sightings if one.path == path),
                b"" if path not in request.files else b"content",
                request.files.get(path, b""),
            )
        )
        for path, listed in patches.items()
    }


def _parts(patch: FilePatch) -> Iterator[str | bytes]:
    modes = f"{patch.old_mode} {patch.new_mode} {patch.binary}"
    yield f"{patch.status} {patch.old_path} {modes}"
    for hunk in patch.hunks:
        yield f"{hunk.id} {hunk.old_start} {hunk.new_start}"
        yield hunk.raw


def _unread_files(diff: Diff, unread: Mapping[str, str]) -> set[str]:
    """Return the paths of files of which no hunk was read."""
    hunks = [(patch.path, hunk.id) for patch in diff.files for hunk in patch.hunks]
    left = {path for path, hunk_id in hunks if hunk_id in unread}
    return left - {path for path, hunk_id in hunks if hunk_id not in unread}


def _only(request: ReviewRequest, paths: set[str]) -> ReviewRequest:
    kept = tuple(patch for patch in request.diff.files if patch.path in paths)
    files = {path: data for path, data in request.files.items() if path in paths}
    before = len({patch.path for patch in request.diff.files} - paths)
    return replace(
        request,
        diff=Diff(files=kept),
        files=files,
        sightings=tuple(one for one in request.sightings if one.path in paths),
        read=lambda count: request.read(before + count),
    )


def _by_file(
    paths: set[str],
    diff: Diff,
    proposals: Sequence[Proposal],
    unread: Mapping[str, str],
) -> Iterator[tuple[str, Any]]:
    """Yield what is remembered of each file, as JSON."""
    ids: dict[str, list[str]] = {path: [] for path in paths}
    for patch in diff.files:
        if patch.path in ids:
            ids[patch.path] += [hunk.id for hunk in patch.hunks]
    for path in paths:
        mine = [one.model_dump(mode="json") for one in proposals if one.path == path]
        left = {one: unread[one] for one in ids[path] if one in unread}
        yield path, {"proposals": mine, "unread": left}


def _whole(
    diff: Diff, answers: Mapping[str, Any], usage: Usage, *, reused: int
) -> Remembered:
    paths = dict.fromkeys(patch.path for patch in diff.files)
    return Remembered(
        proposals=tuple(
            Proposal.model_validate(one)
            for path in sorted(paths)
            for one in answers[path]["proposals"]
        ),
        unread={
            hunk_id: reason
            for path in paths
            for hunk_id, reason in answers[path]["unread"].items()
        },
        usage=usage,
        files=len(paths),
        reused=reused,
    )
