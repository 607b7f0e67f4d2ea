"""Reviews remembered by file, as rules read: the whole file, and nothing else."""

from collections.abc import Iterator, Mapping

from typing_extensions import override

from bot.pipeline.units import Kept, Unit, narrowed, said
from core.review.findings import Proposal
from core.review.hunks import FilePatch
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest
from core.runs.work import Key, key_of


class ByFile(Unit):
    """A piece is a file, named by its path."""

    @property
    @override
    def kind(self) -> str:
        return "file"

    @override
    def keys(self, model: ReviewModel, request: ReviewRequest) -> dict[str, Key]:
        patches: dict[str, list[FilePatch]] = {}
        for patch in request.diff.files:
            patches.setdefault(patch.path, []).append(patch)
        words = said(request) if model.is_model else ()
        return {
            path: key_of(
                (
                    *(model.name, model.version, *words, path),
                    *(part for patch in listed for part in _parts(patch)),
                    *(repr(one) for one in request.sightings if one.path == path),
                    b"" if path not in request.files else b"content",
                    request.files.get(path, b""),
                )
            )
            for path, listed in patches.items()
        }

    @override
    def only(self, request: ReviewRequest, names: set[str]) -> ReviewRequest:
        patches = request.diff.files
        return narrowed(request, tuple(one for one in patches if one.path in names))

    @override
    def kept(
        self,
        names: set[str],
        request: ReviewRequest,
        answer: ReviewAnswer,
    ) -> Iterator[tuple[str, Kept]]:
        ids: dict[str, list[str]] = {path: [] for path in names}
        for patch in request.diff.files:
            if patch.path in ids:
                ids[patch.path] += [hunk.id for hunk in patch.hunks]
        for path in names:
            mine = [
                one.model_dump(mode="json")
                for one in answer.proposals
                if one.path == path
            ]
            left = {
                one: answer.unread[one] for one in ids[path] if one in answer.unread
            }
            yield path, {"proposals": mine, "unread": left}

    @override
    def unread(self, request: ReviewRequest, unread: Mapping[str, str]) -> set[str]:
        hunks = [
            (patch.path, hunk.id)
            for patch in request.diff.files
            for hunk in patch.hunks
        ]
        left = {path for path, hunk_id in hunks if hunk_id in unread}
        return left - {path for path, hunk_id in hunks if hunk_id not in unread}

    @override
    def whole(
        self, request: ReviewRequest, answers: Mapping[str, Kept]
    ) -> tuple[tuple[Proposal, ...], dict[str, str]]:
        proposals = tuple(
            Proposal.model_validate(one)
            for path in sorted(answers)
            for one in answers[path]["proposals"]
        )
        unread = {
            hunk_id: reason
            for answer in answers.values()
            for hunk_id, reason in answer["unread"].items()
        }
        return proposals, unread


def _parts(patch: FilePatch) -> Iterator[str | bytes]:
    modes = f"{patch.old_mode} {patch.new_mode} {patch.binary}"
    yield f"{patch.status} {patch.old_path} {modes}"
    for hunk in patch.hunks:
        yield f"{hunk.id} {hunk.old_start} {hunk.new_start}"
        yield hunk.raw
