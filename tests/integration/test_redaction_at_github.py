"""Our own words at GitHub are edited, whatever goes wrong; people's are theirs."""

import pytest

from bot.redaction_places import GitHubCopies
from bot.simulator.faults import Kind
from core.errors import UnavailableError
from core.redaction.places import Reached
from tests.fakes.redacting import let_the_bot_quote, said_at_github
from tests.fakes.road import REPO, RISKY, Road
from tests.fakes.signing import MARK, order

SECRET = "rosinante-the-horse"


class Stage:
    """A reviewed pull request in which our App and a person say the secret."""

    def __init__(self, road: Road, number: int) -> None:
        assert road.bot is not None
        self.road = road
        self.number = number
        projection = road.bot.base.runs.projection
        self.place = GitHubCopies(road.bot.app, projection)
        self.blind = GitHubCopies(None, projection)

    async def redact(self, place: GitHubCopies | None = None) -> Reached:
        """Ask the place once."""
        return await (place or self.place).redact(order(SECRET, pull=self.number))

    def ours(self) -> list[str]:
        """Return where our App says it."""
        return said_at_github(self.road, self.number, SECRET)


@pytest.fixture
async def stage(road: Road) -> Stage:
    """Give the stage once the run has ended."""
    road.repository.commit({f"{SECRET}.py": RISKY}, "Go", branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    await road.until_checked(number)
    waived = f"/nofx waive static_analysis {SECRET} is good"
    await road.github.comment(REPO, number, waived)
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    await road.until_runs_end()
    await road.until_quiet()
    assert let_the_bot_quote(road, number, SECRET) >= 3
    return Stage(road, number)


async def test_ours_are_edited_and_theirs_are_told_of(stage: Stage) -> None:
    """The mark stands in the text's place; the person's comment is as it was."""
    ours = stage.ours()
    reached = await stage.redact()
    assert (reached.changed, reached.left) == (len(ours), "")
    assert "not ours to edit" in reached.note
    assert "history" in reached.note
    assert stage.ours() == []
    comments = stage.road.github.issue_comments(REPO, stage.number)
    bodies = [one["body"] for one in comments]
    assert any(SECRET in one for one in bodies)
    assert any(MARK in one for one in bodies)
    assert stage.road.check(stage.number)["conclusion"] == "neutral"
    again = await stage.redact()
    assert (again.changed, again.left) == (0, "")


@pytest.mark.parametrize("kind", ["lost_response", "502_after_commit", "drop", "503"])
async def test_after_an_unclear_answer_it_is_listed_again(
    stage: Stage, kind: Kind
) -> None:
    """Whether GitHub did it or not, nothing of it stands there in the end."""
    stage.road.github.faults.add(kind=kind, method="PATCH", path=r"/", times=2)
    for _ in range(5):
        try:
            if not (await stage.redact()).left:
                break
        except UnavailableError:
            continue
    assert stage.ours() == []
    assert (await stage.redact()).changed == 0


@pytest.mark.parametrize("kind", ["403", "404"])
async def test_what_github_does_not_let_us_see_is_not_done(
    stage: Stage, kind: Kind
) -> None:
    """A refusal is not taken for there being nothing."""
    stage.road.github.faults.add(kind=kind, method="GET", path=r"/pulls/\d+$", times=9)
    assert (await stage.redact()).left
    assert stage.ours()


async def test_without_credentials_it_is_left_to_another_process(stage: Stage) -> None:
    """The command line may have none: the service goes on."""
    assert "credentials" in (await stage.redact(stage.blind)).left
    assert stage.ours()
