"""Check runs say what they should within GitHub's limits, and never twice."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.check_draft import (
    Annotation,
    CheckAction,
    CheckDraft,
    Conclusion,
    Level,
)
from bot.github.checks import create_check, find_check, update_check
from core.errors import CheckDraftError, UnclearAnswerError
from tests.fakes.github_script import APP_ID, Call, Reply, ScriptedGitHub, scene

NEW = "/repos/o/r/check-runs"
ONE = "/repos/o/r/check-runs/3"
OF_HEAD = "/repos/o/r/commits/abc/check-runs"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BROKEN = Reply(status=502, data={"message": "Server Error"})


def draft(**fields: Any) -> CheckDraft:
    """Return a check run's draft."""
    known: dict[str, Any] = {
        "name": "nofx",
        "head_sha": "abc",
        "external_id": "run_1",
        "title": "Reviewing",
        "summary": "3 of 5 hunks",
    }
    return CheckDraft(**known | fields)


def remarks(count: int) -> tuple[Annotation, ...]:
    """Return so many annotations, told apart by their line."""
    return tuple(
        Annotation(
            path="a.py",
            start_line=line,
            end_line=line,
            level=Level.WARNING,
            title="Gap",
            message="Mind it.",
        )
        for line in range(1, count + 1)
    )


def check(number: int = 3, annotations: int = 0, **fields: Any) -> Reply:
    """Return a check run as GitHub shows it."""
    data = {
        "id": number,
        "status": "in_progress",
        "external_id": "run_1",
        "app": {"id": APP_ID},
        "output": {"annotations_count": annotations},
    }
    return Reply(data=data | fields)


def lines_sent(calls: list[Call]) -> list[int]:
    """Return the lines of the annotations in these requests."""
    return [
        item["start_line"]
        for call in calls
        for item in call.data["output"].get("annotations", [])
    ]


async def test_a_check_run_is_made_for_a_commit() -> None:
    """Queued until it starts, with our own id on it."""
    async with scene() as s:
        s.hub.on("POST", NEW, check())
        made = await create_check(s.gh, "o/r", draft())
        assert (made.id, made.external_id, made.app_id) == (3, "run_1", APP_ID)
        [call] = s.hub.made("POST", NEW)
        assert call.data == {
            "name": "nofx",
            "head_sha": "abc",
            "external_id": "run_1",
            "status": "queued",
            "actions": [],
            "output": {"title": "Reviewing", "summary": "3 of 5 hunks"},
        }


async def test_a_check_run_is_completed_with_its_conclusion() -> None:
    """Status, conclusion, times and buttons come in one request."""
    done = draft(
        started_at=NOON,
        completed_at=NOON,
        conclusion=Conclusion.NEUTRAL,
        text="More.",
        details_url="https://nofx.example/runs/1",
        actions=(
            CheckAction(label="Again", description="Review again", identifier="rerun"),
        ),
    )
    async with scene() as s:
        s.hub.on("PATCH", ONE, check(conclusion="neutral"))
        assert (await update_check(s.gh, "o/r", 3, done)).conclusion == "neutral"
        [call] = s.hub.made("PATCH", ONE)
        assert call.data["status"] == "completed"
        assert call.data["conclusion"] == "neutral"
        assert call.data["completed_at"] == "2026-11-23T12:00:00Z"
        assert call.data["actions"][0]["identifier"] == "rerun"
        assert call.data["output"]["text"] == "More."


def test_a_started_check_is_in_progress() -> None:
    """The status follows from what is known."""
    assert draft(started_at=NOON).status == "in_progress"


async def test_many_annotations_go_fifty_at_a_time_and_the_conclusion_last() -> None:
    """So a check that is shown as completed is shown whole."""
    full = draft(annotations=remarks(120), conclusion=Conclusion.FAILURE)
    async with scene() as s:
        s.hub.on("GET", ONE, check())
        s.hub.on("PATCH", ONE, check())
        await update_check(s.gh, "o/r", 3, full)
        calls = s.hub.made("PATCH", ONE)
        assert lines_sent(calls) == list(range(1, 121))
        assert [len(lines_sent([call])) for call in calls] == [50, 50, 20, 0]
        assert [call.data.get("conclusion") for call in calls] == [None] * 3 + [
            "failure"
        ]


async def test_annotations_that_arrived_are_not_sent_again() -> None:
    """GitHub appends: after a crash only the rest is missing."""
    async with scene() as s:
        s.hub.on("GET", ONE, check(annotations=50))
        s.hub.on("PATCH", ONE, check())
        await update_check(s.gh, "o/r", 3, draft(annotations=remarks(60)))
        assert lines_sent(s.hub.made("PATCH", ONE)) == list(range(51, 61))


async def test_an_unclear_chunk_is_counted_instead_of_sent_again() -> None:
    """The answer was lost, the annotations were not."""
    async with scene() as s:
        s.hub.on("GET", ONE, check(), check(annotations=50))
        s.hub.on("PATCH", ONE, BROKEN, check())
        await update_check(s.gh, "o/r", 3, draft(annotations=remarks(60)))
        assert lines_sent(s.hub.made("PATCH", ONE)) == list(range(1, 61))


async def test_an_unclear_chunk_that_did_not_arrive_is_told() -> None:
    """The caller can call again at any time."""
    async with scene() as s:
        s.hub.on("GET", ONE, check())
        s.hub.on("PATCH", ONE, BROKEN)
        with pytest.raises(UnclearAnswerError):
            await update_check(s.gh, "o/r", 3, draft(annotations=remarks(1)))


def found(hub: ScriptedGitHub, *checks: Reply) -> None:
    """Let GitHub list these check runs of the head."""
    data = {"total_count": len(checks), "check_runs": [item.data for item in checks]}
    hub.on("GET", OF_HEAD, Reply(data=data))


async def test_a_check_run_is_found_again_by_its_external_id() -> None:
    """The newest of ours; another run's and another App's do not count."""
    async with scene() as s:
        found(
            s.hub,
            check(4),
            check(6),
            check(7, external_id="run_2"),
            check(8, app={"id": 99}),
        )
        ours = await find_check(s.gh, "o/r", draft(), app_id=APP_ID)
        assert ours is not None
        assert ours.id == 6
        [call] = s.hub.made("GET", OF_HEAD)
        assert call.query["app_id"] == str(APP_ID)
        assert call.query["filter"] == "all"


async def test_a_check_run_that_was_never_made_is_not_found() -> None:
    """Then it is to be made."""
    async with scene() as s:
        found(s.hub)
        assert await find_check(s.gh, "o/r", draft(), app_id=APP_ID) is None


@given(summary=st.integers(0, 70_000), text=st.integers(0, 70_000))
def test_texts_are_cut_to_githubs_length_and_say_so(summary: int, text: int) -> None:
    """65 535 characters each."""
    output = draft(summary="s" * summary, text="t" * text).output()
    for name, given_length in (("summary", summary), ("text", text)):
        shown = output.get(name, "")
        assert len(shown) == min(given_length, 65_535)
        assert ("GitHub takes at most" in shown) is (given_length > 65_535)


@pytest.mark.parametrize("name", ["label", "description", "identifier"])
@pytest.mark.parametrize("length", [0, 41])
def test_a_button_that_github_refuses_is_refused_here(name: str, length: int) -> None:
    """Label 20, description 40, identifier 20."""
    fields = {"label": "a", "description": "b", "identifier": "c", name: "x" * length}
    with pytest.raises(CheckDraftError, match=name):
        CheckAction(**fields)


def test_a_draft_that_github_refuses_is_refused_here() -> None:
    """Four buttons; an end without a conclusion."""
    button = CheckAction(label="a", description="b", identifier="c")
    with pytest.raises(CheckDraftError, match="4 actions"):
        draft(actions=(button,) * 4)
    with pytest.raises(CheckDraftError, match="conclusion"):
        draft(completed_at=NOON)
