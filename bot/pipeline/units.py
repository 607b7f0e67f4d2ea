"""What a reviewer is asked about piece by piece: files by rules, hunks by models."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from core.review.findings import Proposal
from core.review.hunks import Diff, FilePatch
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest
from core.runs.work import Key

# What is kept of a piece, as JSON.
Kept = Mapping[str, Any]


class Unit(Protocol):
    """How a request falls into pieces that are remembered each for itself.

    A piece has a name, unique in its request, and a key, the same for all pieces of
    which a reviewer says the same.
    """

    @property
    def kind(self) -> str:
        """Return what a piece is, in one word."""
        ...

    def keys(self, model: ReviewModel, request: ReviewRequest) -> dict[str, Key]:
        """Name each piece by all that a reviewer may look at for it."""
        ...

    def only(self, request: ReviewRequest, names: set[str]) -> ReviewRequest:
        """Return the request for these pieces alone."""
        ...

    def kept(
        self,
        names: set[str],
        request: ReviewRequest,
        answer: ReviewAnswer,
    ) -> Iterator[tuple[str, Kept]]:
        """Yield what is to be remembered of each piece."""
        ...

    def unread(self, request: ReviewRequest, unread: Mapping[str, str]) -> set[str]:
        """Return the pieces of which nothing was read: they are asked for again."""
        ...

    def whole(
        self, request: ReviewRequest, answers: Mapping[str, Kept]
    ) -> tuple[tuple[Proposal, ...], dict[str, str]]:
        """Put the pieces' proposals and unread hunks together."""
        ...

    def changes(
        self, request: ReviewRequest, answers: Mapping[str, Kept]
    ) -> dict[str, str]:
        """Return what changes in each file, in words, as far as anybody said."""
        return {}


def narrowed(request: ReviewRequest, kept: tuple[FilePatch, ...]) -> ReviewRequest:
    """Return the request for these patches alone; all other files count as read."""
    paths = {patch.path for patch in kept}
    before = len({patch.path for patch in request.diff.files} - paths)
    return replace(
        request,
        diff=Diff(files=kept),
        files={one: data for one, data in request.files.items() if one in paths},
        sightings=tuple(one for one in request.sightings if one.path in paths),
        remarks=tuple(one for one in request.remarks if one.path in paths),
        read=lambda count: request.read(before + count),
    )


def said(request: ReviewRequest) -> Sequence[str]:
    """Return what people say of the change and want, which only models read."""
    return (
        request.title,
        request.description,
        *(repr(one) for one in request.preferences),
    )
