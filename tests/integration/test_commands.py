"""Commands in comments, as people give them and as they read the answers."""

import pytest

from tests.fakes.road import REPO, Road


async def ask(road: Road, number: int, text: str, *, user: str = "alice") -> str:
    """Comment on the pull request and return the bot's next answer."""
    before = len(road.answers(number))
    await road.github.comment(REPO, number, text, user=user)
    await road.until(lambda: len(road.answers(number)) > before)
    await road.until_quiet()
    answers = road.answers(number)[before:]
    assert len(answers) == 1
    return answers[0]


async def draft(road: Road) -> int:
    """Open a draft, which nofx leaves alone, so that only commands act."""
    number = await road.open_pull(draft=True)
    await road.until_quiet()
    return number


@pytest.mark.parametrize("text", ["/nofx help", "/nofx", "/nofx HELP please"])
async def test_help_lists_every_command(road: Road, text: str) -> None:
    """Whoever asks is told what can be asked."""
    answer = await ask(road, await draft(road), text, user="eve")
    for verb in ("status", "rerun", "review", "cancel"):
        assert f"/nofx {verb}" in answer


async def test_an_unknown_word_is_answered_with_help(road: Road) -> None:
    """The word is shown as code, so that it can do nothing."""
    answer = await ask(road, await draft(road), "/nofx @alice")
    assert "`@alice`" in answer
    assert "/nofx status" in answer


async def test_status_says_where_the_review_stands(road: Road) -> None:
    """Before there is a run, and after it."""
    number = await draft(road)
    assert "no run yet" in await ask(road, number, "/nofx status")
    await ask(road, number, "/nofx review")
    await road.until_checked(number)
    await road.until_runs_end()
    assert "succeeded" in await ask(road, number, "/nofx status")


@pytest.mark.parametrize("verb", ["rerun", "review", "cancel"])
async def test_readers_may_not_change_anything(road: Road, verb: str) -> None:
    """Permission is asked of GitHub when the command comes."""
    number = await draft(road)
    answer = await ask(road, number, f"/nofx {verb}", user="eve")
    assert "write access" in answer
    assert await road.runs() == []


async def test_cancel_ends_the_review_under_way(road: Road) -> None:
    """The check run says cancelled, and who did it."""
    road.github.faults.add(kind="slow", path=r"/compare/", seconds=3)
    number = await road.open_pull()
    await road.until(lambda: bool(road.github.check_runs(REPO, road.head(number))))
    assert "is being cancelled" in await ask(road, number, "/nofx cancel")
    check = await road.until_checked(number)
    assert check["conclusion"] == "cancelled"
    assert "cancelled by alice" in check["output"]["summary"]
    # The check is told a moment before the journal says that the run is over.
    await road.until_runs_end()
    assert "nothing to cancel" in await ask(road, number, "/nofx cancel")


async def test_what_is_quoted_or_code_is_no_command(road: Road) -> None:
    """Only a line that a person wrote as a command is one."""
    number = await draft(road)
    for text in ("> /nofx rerun", "```\n/nofx rerun\n```", "please /nofx rerun"):
        await road.github.comment(REPO, number, text)
    await road.until_quiet()
    assert road.answers(number) == []
    assert await road.runs() == []


async def test_a_lost_answer_is_not_given_twice(road: Road) -> None:
    """GitHub took the comment and the connection broke: it is looked for first."""
    number = await draft(road)
    road.github.faults.add(
        kind="502_after_commit", method="POST", path=r"/issues/\d+/comments$"
    )
    await road.github.comment(REPO, number, "/nofx help")
    await road.until_quiet()
    assert len(road.answers(number)) == 1


async def test_a_command_on_a_line_is_answered_too(road: Road) -> None:
    """A reply in a review thread is a place to ask as well."""
    number = await road.open_pull()
    await road.until_checked(number)
    (comment,) = road.github.review_comments(REPO, number)
    await road.github.reply(REPO, comment["id"], "/nofx status")
    await road.until(lambda: len(road.answers(number)) == 1)
