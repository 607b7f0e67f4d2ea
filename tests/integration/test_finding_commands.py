"""What people say about findings, as they say it and as they read the answers."""

from typing import Any

from core.review.ledger.model import Entry
from tests.fakes.road import REPO, RISKY, Road
from tests.integration.test_commands import ask
from tests.integration.test_findings_over_pushes import found, pushed, reviewed


async def one(road: Road, number: int) -> Entry:
    """Return the pull request's only finding."""
    (entry,) = await found(road, number)
    return entry


async def audited(road: Road) -> list[dict[str, Any]]:
    """Return the audit's entries about findings."""
    assert road.bot is not None
    entries = await road.bot.base.audit.volume(1)
    return [
        event.model_dump()
        for commit in entries
        for event in commit.events
        if str(getattr(event, "action", "")).startswith("finding.")
    ]


async def test_a_dismissed_finding_stays_so_and_stops_nothing(road: Road) -> None:
    """It is named by the first digits of its fingerprint, which its comment shows."""
    number = await reviewed(road)
    (comment,) = road.github.review_comments(REPO, number)
    name = (await one(road, number)).fingerprint[:8]
    assert f"`{name}`" in comment["body"]
    assert "write access" in await ask(
        road, number, f"/nofx dismiss {name} no", user="eve"
    )
    assert "why" in await ask(road, number, f"/nofx dismiss {name}")
    answer = await ask(road, number, f"/nofx dismiss {name} it is a tool for us")
    assert f"`{name}` is **dismissed**" in answer
    entry = await one(road, number)
    assert (entry.state, entry.actor) == ("dismissed", "alice")
    assert entry.reason == "it is a tool for us"
    (audit,) = await audited(road)
    assert (audit["actor"], audit["action"]) == ("alice", "finding.dismissed")
    refusal = await ask(road, number, f"/nofx resolve {name} done")
    assert "cannot" in refusal
    await ask(road, number, "/nofx retry")
    await road.until(lambda: road.check(number)["conclusion"] == "success")
    await road.until_runs_end()
    check = await pushed(road, number, {"app.py": RISKY + "\n\nx = 1\n"})
    assert check["conclusion"] == "success"
    assert "1 was dismissed or waived" in check["output"]["title"]
    assert (await one(road, number)).state == "dismissed"
    assert len(road.github.review_comments(REPO, number)) == 1


async def test_a_dispute_in_the_thread_needs_no_name(road: Road) -> None:
    """It still stops the change; a plain reply decides nothing."""
    number = await reviewed(road)
    (comment,) = road.github.review_comments(REPO, number)
    await road.github.reply(REPO, comment["id"], "Are you sure?")
    await road.until_quiet()
    entry = await one(road, number)
    assert (entry.state, len(entry.replies)) == ("posted", 1)
    await road.github.reply(REPO, comment["id"], "/nofx dispute it is only ours")
    await road.until(lambda: len(road.answers(number)) == 1)
    assert "**disputed**" in road.answers(number)[0]
    entry = await one(road, number)
    assert (entry.state, entry.reason) == ("disputed", "it is only ours")
    name = entry.fingerprint[:8]
    assert "author" in await ask(road, number, f"/nofx dispute {name} no", user="eve")
    assert "disputed" in await ask(road, number, f"/nofx explain {name}", user="eve")
    check = await pushed(road, number, {"app.py": RISKY + "\n\nx = 1\n"})
    assert check["conclusion"] == "failure"


async def test_explain_says_what_a_finding_rests_on(road: Road) -> None:
    """Its place, its rule, its code, what became of it; and what is none."""
    number = await reviewed(road)
    entry = await one(road, number)
    answer = await ask(road, number, f"/nofx explain {entry.fingerprint[:8]}")
    assert entry.finding.title in answer
    assert f"`{entry.finding.rule}`" in answer
    assert "subprocess.run(command, shell=True, check=True)" in answer
    assert f"`app.py:{entry.finding.line}`" in answer
    assert "open, as a comment on its line" in answer
    assert "no finding" in await ask(road, number, "/nofx explain 00000000")
    assert "which finding" in await ask(road, number, "/nofx explain that one")


async def test_a_resolved_thread_and_thumbs_are_noted(road: Road) -> None:
    """The thread when it is resolved, the thumbs when the next review is published."""
    number = await reviewed(road)
    (comment,) = road.github.review_comments(REPO, number)
    await road.github.resolve_thread(REPO, comment["id"], user="alice")
    await road.until_quiet()
    entry = await one(road, number)
    assert (entry.state, entry.resolved) == ("posted", True)
    road.github.react(REPO, comment["id"], "-1", user="eve")
    await pushed(road, number, {"app.py": "# On top.\n" + RISKY})
    entry = await one(road, number)
    assert (entry.up, entry.down) == (0, 1)
    answer = await ask(road, number, f"/nofx explain {entry.fingerprint[:8]}")
    assert "👎 1" in answer


async def test_a_waived_gate_lets_its_findings_pass_later(road: Road) -> None:
    """The commit is neutral, as before; the next one is not stopped by the same."""
    number = await reviewed(road)
    await ask(road, number, "/nofx waive static_analysis we know")
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    await road.until_runs_end()
    assert (await one(road, number)).state == "waived"
    check = await pushed(road, number, {"app.py": RISKY + "\n\nx = 1\n"})
    assert check["conclusion"] == "success"
