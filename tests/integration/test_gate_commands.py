"""Gates as people meet them: the check, the comment that decides, the check again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from bot.commands.deciding import GateCommands
from bot.commands.grammar import Command, Verb
from bot.webhooks.event_types import CommentEvent
from core.errors import HeadUnseenError
from core.store.database import Database
from tests.fakes.road import CLEAN, REPO, Road, built_road, driving
from tests.integration.test_commands import ask

NUMBERS = count(1)


@pytest.fixture
async def careful(
    tmp_path: Path, mongodb_url: str, database: Database
) -> AsyncIterator[Road]:
    """Give a road on which a person must approve each commit."""
    async with built_road(tmp_path, mongodb_url, database.db.name) as road:
        changes = {"require_approval": True}
        road.settings = road.settings.model_copy(update=changes)
        async with driving(road):
            yield road


async def until_it_is(road: Road, status: str) -> None:
    """Wait until the newest run has this status."""
    async with asyncio.timeout(30):
        while True:
            if (await road.runs())[-1]["status"] == status:
                return
            await asyncio.sleep(0.02)


async def test_a_waived_gate_turns_the_check_neutral(road: Road) -> None:
    """What was found stands, and so does who overruled it and why."""
    number = await road.open_pull()
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"
    assert "/nofx waive static_analysis <reason>" in check["output"]["summary"]
    await until_it_is(road, "gate_failed")

    answer = await ask(road, number, "/nofx waive static_analysis it is a demo")

    assert "Recorded: waive `static_analysis`" in answer
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    assert (
        "alice waived static_analysis: it is a demo."
        in (road.check(number)["output"]["title"])
    )
    await until_it_is(road, "succeeded")
    assert len(road.github.review_comments(REPO, number)) == 1
    assert len(road.github.check_runs(REPO, road.head(number))) == 1


async def test_a_waiver_needs_a_reason_and_a_gate(road: Road) -> None:
    """Each refusal says what is missing, and nothing has moved."""
    number = await road.open_pull()
    await road.until_checked(number)
    await until_it_is(road, "gate_failed")
    assert "a reason is needed" in await ask(road, number, "/nofx waive llm_review")
    assert "Say which gate" in await ask(road, number, "/nofx waive")
    answer = await ask(road, number, "/nofx waive nothing because")
    assert "it has: llm_review, static_analysis" in answer
    assert "cannot approve" in await ask(
        road, number, "/nofx approve static_analysis please"
    )
    await until_it_is(road, "gate_failed")


async def test_a_retry_judges_again(road: Road) -> None:
    """With nothing changed the verdict is the same, and the check says so again."""
    number = await road.open_pull()
    await road.until_checked(number)
    await until_it_is(road, "gate_failed")
    assert "Recorded: retry" in await ask(road, number, "/nofx retry")
    await road.until_quiet()
    await until_it_is(road, "gate_failed")
    assert road.check(number)["conclusion"] == "failure"


async def test_an_approval_lets_a_clean_commit_through(careful: Road) -> None:
    """Until then the check asks for somebody."""
    clean = {"app.py": CLEAN + '\n\nNAME = "nofx"\n'}
    careful.repository.commit(clean, "Name it", branch="feature")
    number = await careful.github.open_pull(REPO, base="main", head="feature")
    check = await careful.until_checked(number)
    assert check["conclusion"] == "action_required"
    assert "/nofx approve approval" in check["output"]["summary"]
    await until_it_is(careful, "waiting_gate")

    await ask(careful, number, "/nofx approve approval looks right")

    await careful.until(lambda: careful.check(number)["conclusion"] == "success")
    await until_it_is(careful, "succeeded")


async def test_a_rejection_fails_the_check(careful: Road) -> None:
    """The person and the reason stand in it; a waiver can still overrule it."""
    clean = {"app.py": CLEAN + '\n\nNAME = "nofx"\n'}
    careful.repository.commit(clean, "Name it", branch="feature")
    number = await careful.github.open_pull(REPO, base="main", head="feature")
    await careful.until_checked(number)
    await ask(careful, number, "/nofx reject approval not now")
    await until_it_is(careful, "gate_failed")
    check = careful.check(number)
    assert (check["status"], check["conclusion"]) == ("completed", "failure")
    assert "alice rejected approval: not now." in check["output"]["title"]
    assert "/nofx waive approval <reason>" in check["output"]["summary"]


async def test_a_run_that_is_called_off_no_longer_asks_for_anybody(
    careful: Road,
) -> None:
    """Its check says so, and not how to approve what cannot be approved."""
    clean = {"app.py": CLEAN + '\n\nNAME = "nofx"\n'}
    careful.repository.commit(clean, "Name it", branch="feature")
    number = await careful.github.open_pull(REPO, base="main", head="feature")
    await careful.until_checked(number)
    await until_it_is(careful, "waiting_gate")
    await ask(careful, number, "/nofx cancel")
    await until_it_is(careful, "cancelled")
    check = careful.check(number)
    assert (check["status"], check["conclusion"]) == ("completed", "cancelled")
    assert "/nofx approve" not in check["output"]["summary"]


async def test_a_step_is_run_again_and_the_rest_is_reused(road: Road) -> None:
    """What stands at GitHub from reused steps is not written again."""
    number = await road.open_pull()
    await road.until_checked(number)
    answer = await ask(road, number, "/nofx rerun verdict")
    assert "reused: snapshot, analyze, review, verify, publish" in answer
    first, second = await road.until_runs_end()
    assert (first["status"], second["status"]) == ("cancelled", "gate_failed")
    assert len(road.github.review_comments(REPO, number)) == 1
    assert len(road.summaries(number)) == 1
    answer = await ask(road, number, "/nofx rerun teatime")
    assert "never began step teatime" in answer


def said(
    number: int, *arguments: str, written_at: datetime | None = None
) -> CommentEvent:
    """Return a comment by Alice."""
    return CommentEvent(
        installation_id=None,
        repository=REPO,
        repository_id=1,
        sender="alice",
        number=number,
        comment_id=1,
        body=" ".join(("/nofx", *arguments)),
        author="alice",
        association="MEMBER",
        written_at=written_at,
    )


def commands_of(road: Road) -> GateCommands:
    """Return what decides about gates in comments."""
    assert road.bot is not None
    base = road.bot.base
    return GateCommands(
        runs=base.runs, decisions=base.decisions, operations=road.bot.operations
    )


async def tried_again(road: Road, number: int, verb: Verb, *arguments: str) -> str:
    """Return the answer to a comment whose first try was cut off somewhere."""
    commands = commands_of(road)
    command = Command(verb=verb, arguments=arguments)
    return await commands.decide(said(number, verb, *arguments), command, tries=2)


async def test_what_the_first_try_decided_is_not_refused_to_the_second(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Gates are opened once, and a step is run again once; both tries say so."""
    async with built_road(tmp_path, mongodb_url, f"idle_{next(NUMBERS)}") as road:
        async with driving(road):
            number = await road.open_pull()
            await road.until_checked(number)
            await until_it_is(road, "gate_failed")
        async with driving(road, workers=0):
            assert road.bot is not None
            (run,) = await road.runs()
            await road.bot.base.decisions.retry(run["_id"], actor="alice", reason="")
            answer = await tried_again(road, number, Verb.RETRY)
            assert "Recorded: retry" in answer
            road.github.faults.add(
                kind="502", method="POST", path=r"/issues/\d+/comments$"
            )
            answer = await ask(road, number, "/nofx rerun publish")
            assert "reused: snapshot, analyze, review, verify" in answer
            assert len(await road.runs()) == 2


async def test_a_rejection_that_was_cut_off_is_shown_when_tried_again(
    careful: Road,
) -> None:
    """What was recorded before the crash still comes to stand at the check."""
    clean = {"app.py": CLEAN + '\n\nNAME = "nofx"\n'}
    careful.repository.commit(clean, "Name it", branch="feature")
    number = await careful.github.open_pull(REPO, base="main", head="feature")
    await careful.until_checked(number)
    await until_it_is(careful, "waiting_gate")
    assert careful.bot is not None
    (run,) = await careful.runs()
    await careful.bot.base.decisions.gate(
        run["_id"], "approval", "reject", actor="alice", reason="no"
    )
    assert careful.check(number)["conclusion"] == "action_required"
    answer = await tried_again(careful, number, Verb.REJECT, "approval", "no")
    assert "Recorded: reject" in answer
    assert careful.check(number)["conclusion"] == "failure"


async def test_nobody_approves_a_commit_that_came_after_the_words(
    careful: Road,
) -> None:
    """A comment is about the head that stood when it was written, or about none."""
    clean = {"app.py": CLEAN + '\n\nNAME = "nofx"\n'}
    careful.repository.commit(clean, "Name it", branch="feature")
    number = await careful.github.open_pull(REPO, base="main", head="feature")
    await careful.until_checked(number)
    await until_it_is(careful, "waiting_gate")
    (run,) = await careful.runs()
    words = Command(verb=Verb.APPROVE, arguments=("approval",))
    early = run["created_at"] - timedelta(seconds=5)
    with pytest.raises(HeadUnseenError, match=careful.head(number)):
        await commands_of(careful).decide(
            said(number, written_at=early), words, tries=1
        )
    assert (await careful.runs())[0]["status"] == "waiting_gate"
    await commands_of(careful).decide(
        said(number, written_at=run["created_at"]), words, tries=1
    )
    await until_it_is(careful, "succeeded")
