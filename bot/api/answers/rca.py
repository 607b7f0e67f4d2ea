"""A run's bundle as the API tells of it."""

from typing import Self

from pydantic import Field

from bot.api.answers.base import Shown
from core.rca.kept import Bundle, State


class CauseLine(Shown):
    """The probable cause."""

    name: str = Field(description="the rule that found it")
    sentence: str
    confidence: str = Field(description="certain, likely or possible")
    next_action: str


class BundleLinks(Shown):
    """Where the bundle can be read."""

    download: str
    report: str
    run: str


class BundleDetail(Shown):
    """A bundle that is built; `seq` is the run's entry that it goes up to."""

    run_id: str
    seq: int
    state: State
    name: str
    size: int
    sha256: str
    members: int
    cause: CauseLine
    errors: list[str] = Field(description="collectors that failed; the bundle says why")
    links: BundleLinks

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Return a bundle as the API shows it."""
        here = f"/runs/{bundle.run_id}"
        return cls(
            run_id=bundle.run_id,
            seq=bundle.seq,
            state=bundle.state,
            name=bundle.name,
            size=bundle.size,
            sha256=bundle.sha256,
            members=bundle.members,
            cause=CauseLine(
                name=bundle.cause,
                sentence=bundle.sentence,
                confidence=bundle.confidence,
                next_action=bundle.next_action,
            ),
            errors=list(bundle.errors),
            links=BundleLinks(
                download=f"{here}/rca?seq={bundle.seq}",
                report=f"{here}/rca/report?seq={bundle.seq}",
                run=here,
            ),
        )


class BundleAwaited(Shown):
    """A bundle that is being built; ask again after `Retry-After` seconds."""

    run_id: str
    state: State
    since: str
