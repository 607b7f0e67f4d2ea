"""A second look is remembered by file, and believed for what was asked alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from typing_extensions import override

from bot.pipeline.recorded import NOTHING_ASKED, Records
from bot.pipeline.second_looks import SecondLooks
from core.errors import ModelUnavailableError
from core.events.base import JSON
from core.review.findings import Finding, Severity
from core.review.hunks import parse_diff
from core.review.reviewer import (
    ReviewAnswer,
    ReviewModel,
    ReviewRequest,
    Said,
    Usage,
    Verification,
)
from core.runs.work import Work
from core.store.blobs import Blobs, Digest
from core.store.database import Database
from tests.fakes.clock import FakeClock

SECRET = "hunter2"
STRANGER = "f" * 32


@dataclass
class Refuting(ReviewModel):
    """Refutes all that it is asked, and a finding that it was not asked about."""

    asked: list[list[str]] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    number: str = "1"
    spent: list[int] = field(default_factory=list)
    breaks: bool = False

    @property
    @override
    def name(self) -> str:
        return "refuting"

    @property
    @override
    def version(self) -> str:
        return self.number

    @property
    @override
    def is_model(self) -> bool:
        return True

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        return ReviewAnswer(proposals=())

    @override
    async def verify(
        self, request: ReviewRequest, findings: Sequence[Finding]
    ) -> Verification:
        self.asked.append([one.path for one in findings])
        self.spent.append(request.spent.input_tokens)
        names = [one.fingerprint for one in findings if one.path not in self.unseen]
        left = [one.fingerprint for one in findings if one.path in self.unseen]
        return Verification(
            refuted=dict.fromkeys([*names, STRANGER], f"because of {SECRET}"),
            unseen=dict.fromkeys(left, "no budget"),
            usage=Usage(input_tokens=len(findings)),
            said=Said(prompt=f"about {SECRET}", raw="no"),
            broken_off=ModelUnavailableError(model="refuting", reason="HTTP 503")
            if self.breaks
            else None,
        )


def finding(path: str, title: str = "Title") -> Finding:
    """Return a finding in a file, named by its path."""
    return Finding(
        path=path,
        line=1,
        severity=Severity.ERROR,
        confidence=1,
        rule="rule",
        title=title,
        body="",
        source="refuting",
        fingerprint=path.encode().hex().ljust(32, "0"),
    )


def request(**files: str) -> ReviewRequest:
    """Return a request about files whose only line is new."""
    diff = "".join(
        f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -1 +1 @@\n-old\n+{text}\n"
        for path, text in files.items()
    )
    return ReviewRequest(
        repository="octo/hello",
        title="",
        description="",
        diff=parse_diff(diff.encode()),
        files={path: f"{text}\n".encode() for path, text in files.items()},
    )


@pytest.fixture
async def looks(database: Database, clock: FakeClock) -> SecondLooks:
    """Give second looks that know one secret, and nothing else yet."""

    def mask(value: JSON) -> JSON:
        masked: JSON = json.loads(json.dumps(value).replace(SECRET, "***"))
        return masked

    return SecondLooks(
        Work(database, clock=clock),
        lambda text: text.replace(SECRET, "***"),
        Records(Blobs(database), mask),
    )


FOUND = (finding("a"), finding("b"))
FILES = {"a": "one", "b": "two"}


async def test_only_files_that_changed_are_asked_about(looks: SecondLooks) -> None:
    """The rest is as it was said, and costs nothing."""
    model = Refuting()
    first = await looks.look(model, request(**FILES), FOUND, "run_1")
    assert (first.files, first.reused) == (2, 0)
    again = await looks.look(model, request(**FILES), FOUND, "run_2")
    assert (again.reused, again.recorded) == (2, None)
    assert again.verification.refuted == first.verification.refuted
    assert again.verification.usage == Usage()
    changed = await looks.look(model, request(a="one", b="new"), FOUND, "run_3")
    assert changed.reused == 1
    assert changed.verification.refuted == first.verification.refuted
    assert model.asked == [["a", "b"], ["b"]]


async def test_another_claim_model_or_wish_is_asked_about(looks: SecondLooks) -> None:
    """What an answer depends on is part of its name."""
    model = Refuting()
    await looks.look(model, request(**FILES), FOUND, "run_1")
    worded = (finding("a", "Another title"), FOUND[1])
    await looks.look(model, request(**FILES), worded, "run_2")
    newer = Refuting(number="2")
    await looks.look(newer, request(**FILES), FOUND, "run_3")
    await looks.look(newer, request(**FILES), FOUND, "run_4", anew=True)
    assert model.asked == [["a", "b"], ["a"]]
    assert newer.asked == [["a", "b"], ["a", "b"]]


async def test_what_was_not_looked_at_is_asked_about_again(looks: SecondLooks) -> None:
    """What kept it may have passed."""
    model = Refuting(unseen={"b"})
    first = await looks.look(model, request(**FILES), FOUND, "run_1")
    assert list(first.verification.unseen.values()) == ["no budget"]
    model.unseen.clear()
    again = await looks.look(model, request(**FILES), FOUND, "run_2")
    assert again.verification.unseen == {}
    assert len(again.verification.refuted) == 2
    assert model.asked == [["a", "b"], ["b"]]


async def test_what_a_look_cost_before_an_outage_counts(looks: SecondLooks) -> None:
    """In the budget of the next try, and in what it is said to have cost."""
    model = Refuting(unseen={"b"}, breaks=True)
    asked = replace(request(**FILES), spent=Usage(input_tokens=10))
    with pytest.raises(ModelUnavailableError):
        await looks.look(model, asked, FOUND, "run_1")
    model.unseen.clear()
    model.breaks = False
    again = await looks.look(model, asked, FOUND, "run_1")
    assert model.asked == [["a", "b"], ["b"]]
    assert model.spent == [10, 12]
    assert again.verification.usage.input_tokens == 3
    # Had it died before it could say so, it would be said now.
    known = await looks.look(model, asked, FOUND, "run_1")
    assert known.verification.usage.input_tokens == 3
    assert known.recorded == NOTHING_ASKED
    other = await looks.look(model, request(a="new"), FOUND[:1], "run_2")
    assert other.verification.usage.input_tokens == 1


async def test_a_finding_that_was_not_asked_about_cannot_be_refuted(
    looks: SecondLooks, database: Database
) -> None:
    """So no rule's finding is; and no secret is kept in what is said."""
    found = await looks.look(Refuting(), request(**FILES), FOUND, "run_1")
    assert set(found.verification.refuted) == {one.fingerprint for one in FOUND}
    assert set(found.verification.refuted.values()) == {"because of ***"}
    kept = await database.db["work"].find({}).to_list(None)
    assert SECRET not in str(kept)
    assert STRANGER not in str(kept)
    assert found.recorded is not None
    assert found.recorded.record is not None
    record = await Blobs(database).get_json(Digest(found.recorded.record))
    assert record["prompt"] == "about ***"


async def test_without_findings_nobody_is_asked(looks: SecondLooks) -> None:
    """There is nothing to refute, and nothing to tell."""
    model = Refuting()
    found = await looks.look(model, request(**FILES), (), "run_1")
    assert (found.files, found.recorded, model.asked) == (0, None, [])
