"""What becomes of findings from push to push, as people see it at GitHub."""

from typing import Any

from core.review.ledger.model import Entry
from tests.fakes.road import CLEAN, REPO, RISKY, Road

MENDED = RISKY.replace("shell=True, ", "")
LINE = "    subprocess.run(command, shell=True, check=True)\n"


async def found(road: Road, number: int) -> list[Entry]:
    """Return the findings of a pull request as its ledger has them."""
    assert road.bot is not None
    ledger = await road.bot.base.findings.of(REPO, number)
    return list(ledger.entries.values())


async def listed(road: Road, number: int) -> list[dict[str, Any]]:
    """Return the findings of a pull request as lists show them."""
    assert road.bot is not None
    return await road.bot.base.findings.listed(REPO, number)


async def reviewed(road: Road) -> int:
    """Open a pull request with one risky line and wait for its review."""
    number = await road.open_pull()
    await road.until_checked(number)
    await road.until_runs_end()
    return number


async def pushed(road: Road, number: int, files: dict[str, str]) -> dict[str, Any]:
    """Push, wait for the review, and return its check."""
    await road.push(number, files)
    check = await road.until_checked(number)
    await road.until_runs_end()
    return check


async def test_a_finding_is_tracked_from_its_first_comment_on(road: Road) -> None:
    """It is known with its comment, its line and its code."""
    number = await reviewed(road)
    (comment,) = road.github.review_comments(REPO, number)
    (entry,) = await found(road, number)
    assert (entry.state, entry.comment_id) == ("posted", comment["id"])
    assert entry.code == LINE.rstrip("\n")
    (document,) = await listed(road, number)
    assert (document["state"], document["open"]) == ("posted", True)
    assert entry.fingerprint.startswith(document["name"])


async def test_a_mended_line_is_addressed_and_stops_nothing(road: Road) -> None:
    """The next commit is green, and the comment stays as it was."""
    number = await reviewed(road)
    assert road.check(number)["conclusion"] == "failure"
    check = await pushed(road, number, {"app.py": MENDED})
    (entry,) = await found(road, number)
    assert entry.state == "addressed"
    assert check["conclusion"] == "success"
    assert len(road.github.review_comments(REPO, number)) == 1
    (document,) = await listed(road, number)
    assert (document["state"], document["open"]) == ("addressed", False)


async def test_an_untouched_line_stays_open_and_is_said_once(road: Road) -> None:
    """Code above it was added, so it stands lower: it is the same finding."""
    number = await reviewed(road)
    (before,) = await found(road, number)
    check = await pushed(road, number, {"app.py": "# On top.\n\n\n" + RISKY})
    (entry,) = await found(road, number)
    assert entry.state == "posted"
    assert entry.finding.line == before.finding.line + 3
    assert len(road.github.review_comments(REPO, number)) == 1
    assert check["conclusion"] == "failure"


async def test_a_reverted_file_leaves_nothing_open(road: Road) -> None:
    """Its findings are outdated: they are about no part of the change."""
    number = await reviewed(road)
    await pushed(road, number, {"app.py": CLEAN, "other.py": "x = 1\n"})
    (entry,) = await found(road, number)
    assert entry.state == "outdated"


async def test_what_was_mended_and_comes_back_stops_again(road: Road) -> None:
    """It is the same finding in a second life, and not said again."""
    number = await reviewed(road)
    await pushed(road, number, {"app.py": MENDED})
    check = await pushed(road, number, {"app.py": RISKY + "\n\nx = 1\n"})
    (entry,) = await found(road, number)
    assert (entry.state, entry.life) == ("posted", 2)
    assert check["conclusion"] == "failure"
    assert len(road.github.review_comments(REPO, number)) == 1
