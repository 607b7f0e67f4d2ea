"""Reviews remembered by hunk, as models read: what only moved is not sent again."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from typing_extensions import override

from bot.pipeline.units import Kept, Unit, narrowed, said
from core.review.findings import Proposal, Side
from core.review.hunks import FilePatch, Hunk
from core.review.prompt.enclosing import enclosing_hunk
from core.review.prompt.material import instructions_for
from core.review.prompt.showing import head_of
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest
from core.runs.work import Key, key_of


class ByHunk(Unit):
    """A piece is a hunk, named by its id, and kept without its line numbers.

    Proposals are kept relative to the hunk: where it stands now, they stand.
    """

    @property
    @override
    def kind(self) -> str:
        return "hunk"

    @override
    def keys(self, model: ReviewModel, request: ReviewRequest) -> dict[str, Key]:
        opening: tuple[str, ...] = (
            self.kind,
            model.name,
            model.version,
            *said(request),
        )
        keys: dict[str, Key] = {}
        for patch in request.diff.files:
            told = instructions_for(patch.path, request.config.path_instructions)
            for hunk in patch.hunks:
                words = (*opening, *told, *_parts(patch, hunk, request))
                keys[hunk.id] = key_of((*words, hunk.body))
        return keys

    @override
    def only(self, request: ReviewRequest, names: set[str]) -> ReviewRequest:
        kept = tuple(
            patch._replace(hunks=hunks)
            for patch in request.diff.files
            if (hunks := tuple(one for one in patch.hunks if one.id in names))
        )
        return narrowed(request, kept)

    @override
    def kept(
        self,
        names: set[str],
        request: ReviewRequest,
        answer: ReviewAnswer,
    ) -> Iterator[tuple[str, Kept]]:
        hunks = {hunk.id: hunk for hunk in _hunks(request) if hunk.id in names}
        mine: dict[str, list[Any]] = {one: [] for one in hunks}
        for proposal in answer.proposals:
            if (home := _home(proposal, hunks.values())) is not None:
                mine[home.id].append(_relative(proposal, home))
        for hunk_id, listed in mine.items():
            yield (
                hunk_id,
                {
                    "proposals": listed,
                    "unread": answer.unread.get(hunk_id),
                    "change": answer.changes.get(hunks[hunk_id].path),
                },
            )

    @override
    def unread(self, request: ReviewRequest, unread: Mapping[str, str]) -> set[str]:
        return {hunk.id for hunk in _hunks(request) if hunk.id in unread}

    @override
    def whole(
        self, request: ReviewRequest, answers: Mapping[str, Kept]
    ) -> tuple[tuple[Proposal, ...], dict[str, str]]:
        proposals = tuple(
            _absolute(one, hunk)
            for hunk in _hunks(request)
            for one in answers[hunk.id]["proposals"]
        )
        unread = {
            hunk_id: reason
            for hunk_id, answer in answers.items()
            if (reason := answer["unread"]) is not None
        }
        return proposals, unread

    @override
    def changes(
        self, request: ReviewRequest, answers: Mapping[str, Kept]
    ) -> dict[str, str]:
        # What was said last of a file's hunks was said with the most of it in sight.
        return {
            hunk.path: said
            for hunk in _hunks(request)
            if (said := answers[hunk.id].get("change"))
        }


def _parts(patch: FilePatch, hunk: Hunk, request: ReviewRequest) -> Iterator[str]:
    """Yield what a model is shown of a hunk besides its lines."""
    yield f"{patch.path}\0{patch.status}\0{patch.old_path}"
    yield head_of(enclosing_hunk(hunk, request.files.get(patch.path)))
    span = hunk.span(Side.RIGHT)
    for seen in request.sightings:
        if seen.path == hunk.path and seen.start < span.stop and seen.end >= span.start:
            yield f"{seen.start - span.start} {seen.end - span.start} {seen.rule}"
    for one in request.remarks:
        if one.path == hunk.path and one.side is Side.RIGHT and one.line in span:
            yield f"{one.line - span.start} {one.rule} {one.title}"


def _hunks(request: ReviewRequest) -> Iterator[Hunk]:
    for patch in request.diff.files:
        yield from patch.hunks


def _home(proposal: Proposal, hunks: Iterable[Hunk]) -> Hunk | None:
    """Return the hunk that a proposal is about, else one that may carry it."""
    listed = list(hunks)
    mine = [one for one in listed if one.path == proposal.path]
    for hunk in mine:
        if proposal.line in hunk.span(proposal.side):
            return hunk
    return next(iter((*mine, *listed)), None)


def _start(hunk: Hunk, side: str) -> int:
    return hunk.span(Side(side)).start


def _relative(proposal: Proposal, hunk: Hunk) -> dict[str, Any]:
    made = proposal.model_dump(mode="json")
    start = _start(hunk, made["side"])
    made["line"] -= start
    if made["start_line"] is not None:
        made["start_line"] -= start
    return made


def _absolute(kept: Mapping[str, Any], hunk: Hunk) -> Proposal:
    start = _start(hunk, kept["side"])
    first = kept["start_line"]
    return Proposal.model_validate(
        {
            **kept,
            "line": max(1, kept["line"] + start),
            "start_line": None if first is None else max(1, first + start),
        }
    )
