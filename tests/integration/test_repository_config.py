"""`.github/nofx.yml` on the base branch: each key changes what people see at GitHub."""

from typing import Any

import pytest

from core.review.config import FILE
from tests.fakes.road import REPO, RISKY, Road
from tests.integration.test_commands import ask
from tests.integration.test_gate_commands import until_it_is

SAFE = "def greet(name: str) -> str:\n    return name\n"


def configure(road: Road, text: str) -> None:
    """Put a configuration on the base branch."""
    road.repository.commit({FILE: text}, "Configure nofx")


async def opened(road: Road, files: dict[str, str], **options: Any) -> int:
    """Open a pull request with these files."""
    road.repository.commit(files, "Change", branch="feature")
    return await road.github.open_pull(REPO, base="main", head="feature", **options)


async def checked(road: Road, files: dict[str, str], **options: Any) -> dict[str, Any]:
    """Open a pull request with these files, and return its check once it is done."""
    return await road.until_checked(await opened(road, files, **options))


async def reopened(road: Road) -> dict[str, Any]:
    """Open a second pull request with the same change, and return its check."""
    start = road.repository.head("feature")
    road.repository.commit({"app.pyi": ""}, "Go on", branch="other", start=start)
    number = await road.github.open_pull(REPO, base="main", head="other")
    return await road.until_checked(number)


async def test_fail_on_decides_what_fails(road: Road) -> None:
    """A warning fails the check where the file wants that, and not by default."""
    warned = {"app.py": "def f(x=[]):\n    return x\n"}
    first = await checked(road, warned)
    worst = first["output"]["summary"]
    assert first["conclusion"] == "success", worst
    assert "warning" in worst
    configure(road, "gate: {fail_on: warning}\n")
    again = await reopened(road)
    assert again["conclusion"] == "failure"
    assert "at or above warning" in again["output"]["title"]


async def test_thresholds_and_max_comments_keep_findings_from_lines(
    road: Road,
) -> None:
    """What is less certain than the file wants is not shown anywhere."""
    assert (await checked(road, {"app.py": RISKY}))["conclusion"] == "failure"
    shown = len(road.github.review_comments(REPO, 1))
    configure(road, "thresholds: {confidence: 1.0}\n")
    again = await reopened(road)
    assert (shown, again["conclusion"]) == (1, "success")
    assert road.github.review_comments(REPO, 2) == []
    assert again["output"]["summary"].startswith("No findings.")


async def test_excluded_files_are_not_reviewed_and_it_is_said(road: Road) -> None:
    """They are counted apart: the rest can be green, and the summary names them."""
    configure(road, "paths: {exclude: ['vendor/**']}\n")
    check = await checked(road, {"vendor/lib.py": RISKY, "app.py": SAFE})
    assert check["conclusion"] == "success"
    assert "(1 file excluded by .github/nofx.yml)" in check["output"]["title"]
    assert "`vendor/lib.py`" in check["output"]["summary"]
    (summary,) = road.summaries(1)
    assert "1 file excluded by .github/nofx.yml" in summary
    assert road.github.review_comments(REPO, 1) == []


async def test_where_everything_is_excluded_nothing_is_green(road: Road) -> None:
    """Nobody reviewed anything, so the check is neutral and says why."""
    configure(road, "paths: {include: ['docs/**']}\n")
    check = await checked(road, {"app.py": RISKY})
    assert check["conclusion"] == "neutral"
    assert "nothing was reviewed" in check["output"]["title"]


async def test_a_move_into_an_excluded_folder_is_reviewed(road: Road) -> None:
    """Code cannot go out of sight by a move: both its names have to be excluded."""
    configure(road, "paths: {exclude: ['vendor/**']}\n")
    road.repository.commit({"tool.py": RISKY + "\n# end\n"}, "Add a tool")
    moved: dict[str, str | bytes | None]
    moved = {"tool.py": None, "vendor/tool.py": RISKY + "\n# moved\n"}
    road.repository.commit(moved, "Move it", branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert "excluded" not in check["output"]["title"]


async def test_a_head_that_changes_the_file_changes_nothing(road: Road) -> None:
    """What the head says of its own review is not heard."""
    text = "paths: {exclude: ['**']}\ndrafts: true\nlabels: {skip: [wip]}\n"
    plain = await checked(road, {"app.py": RISKY})
    other = await checked(road, {"app.py": RISKY, FILE: text})
    assert plain["conclusion"] == other["conclusion"] == "failure"
    assert "excluded" not in other["output"]["title"]
    assert f"`{FILE}`" not in other["output"]["summary"].split("Coverage")[0]


async def test_a_broken_file_is_told_and_never_green(road: Road) -> None:
    """Every default holds, the check names the line, and it is neutral."""
    configure(road, "gate:\n  require_approval_for: {paths: 7}\nfuture: 1\n")
    check = await checked(road, {"app.py": SAFE})
    assert check["conclusion"] == "neutral"
    assert "Not green: .github/nofx.yml has errors" in check["output"]["title"]
    said = check["output"]["summary"]
    assert "line 2, column 33: gate.require_approval_for.paths: Input" in said
    assert "line 3, column 1: future: this key is not known" in said


async def test_an_unknown_key_is_told_and_green_stays(road: Road) -> None:
    """A newer file does not stop an older service."""
    configure(road, "max_coments: 3\n")
    check = await checked(road, {"app.py": SAFE})
    assert check["conclusion"] == "success"
    assert "comments meant?" in check["output"]["summary"]


async def test_a_model_that_is_not_offered_is_told(road: Road) -> None:
    """The service's own reviews instead, and says so."""
    configure(road, "review: {model: 'openai:gpt-none'}\n")
    check = await checked(road, {"app.py": SAFE})
    assert check["conclusion"] == "success"
    assert (
        "openai:gpt-none is not offered here, only rules"
        in (check["output"]["summary"])
    )


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("{paths: ['app.py']}", "it changes app.py"),
        ("{changed_lines: 1}", "it changes 2 lines, more than 1"),
        ("{forks: true}", "it comes from a fork"),
    ],
)
async def test_what_needs_an_approval_waits_for_one(
    road: Road, wanted: str, words: str
) -> None:
    """The check says what a person has to look at, and an approval makes it green."""
    configure(road, f"gate: {{require_approval_for: {wanted}}}\n")
    number = await opened(road, {"app.py": SAFE}, fork="bob/hello", user="bob")
    check = await road.until_checked(number)
    assert check["conclusion"] == "action_required"
    assert f"A person has to approve it: {words}." in check["output"]["title"]
    await until_it_is(road, "waiting_gate")
    await ask(road, number, "/nofx approve approval")
    await road.until(lambda: road.check(number)["conclusion"] == "success")


async def test_a_label_approves_the_commit_it_was_put_on(road: Road) -> None:
    """By who may write, for that head alone: a push takes its effect away."""
    configure(road, "gate: {require_approval_for: {forks: true}}\n")
    number = await opened(road, {"app.py": SAFE}, fork="bob/hello", user="bob")
    await road.until_checked(number)
    await until_it_is(road, "waiting_gate")
    await road.github.label_pull(REPO, number, "nofx:approved", user="eve")
    await road.until_quiet()
    assert road.check(number)["conclusion"] == "action_required"
    await road.github.label_pull(REPO, number, "nofx:approved", added=False)
    await road.github.label_pull(REPO, number, "nofx:approved")
    await road.until(lambda: road.check(number)["conclusion"] == "success")
    title = road.check(number)["output"]["title"]
    assert "alice approved approval: by the label nofx:approved" in title

    await road.push(number, {"app.py": SAFE + "\n\nNAME = 'other'\n"})
    check = await road.until_checked(number)
    assert check["conclusion"] == "action_required"


async def test_to_a_fork_no_code_is_offered(road: Road) -> None:
    """A finding stands, and nothing in it can be applied by one click."""
    number = await opened(road, {"app.py": RISKY}, fork="bob/hello", user="bob")
    await road.until_checked(number)
    comments = road.github.review_comments(REPO, number)
    assert comments
    assert all("```suggestion" not in one["body"] for one in comments)


@pytest.mark.parametrize(
    ("partial", "conclusion"),
    [
        ("neutral", "neutral"),
        ("failure", "failure"),
        ("action_required", "action_required"),
    ],
)
async def test_what_was_read_in_part_concludes_by_policy(
    road: Road, partial: str, conclusion: str
) -> None:
    """A binary file is read by nobody; the file says what follows from that."""
    configure(road, f"gate: {{partial: {partial}}}\n")
    files: dict[str, str | bytes | None]
    files = {"app.py": SAFE, "logo.png": b"\x89PNG\0\0"}
    road.repository.commit(files, "Add a logo", branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert check["conclusion"] == conclusion
    assert "only 1 of 2 hunks reviewed" in check["output"]["title"]
    if partial == "action_required":
        await until_it_is(road, "waiting_gate")
        await ask(road, number, "/nofx approve approval")
        await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    if partial == "failure":
        await until_it_is(road, "gate_failed")


async def test_drafts_are_reviewed_where_the_file_wants_it(road: Road) -> None:
    """By default they wait until a person asks or they are ready."""
    configure(road, "drafts: true\n")
    check = await checked(road, {"app.py": RISKY}, draft=True)
    assert check["conclusion"] == "failure"


async def test_labels_say_which_pull_requests_are_reviewed(road: Road) -> None:
    """One label is needed, and another keeps the review away."""
    configure(road, "labels: {require: [ready], skip: [wip]}\n")
    number = await opened(road, {"app.py": RISKY})
    await road.until_quiet()
    assert await road.runs() == []
    await road.github.label_pull(REPO, number, "wip")
    await road.github.label_pull(REPO, number, "ready")
    await road.until_quiet()
    assert await road.runs() == []
    await road.github.label_pull(REPO, number, "wip", added=False)
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"


async def test_a_person_is_reviewed_whatever_the_labels_say(road: Road) -> None:
    """Labels keep nofx from starting by itself, and nothing else."""
    configure(road, "labels: {require: [ready]}\n")
    number = await opened(road, {"app.py": RISKY})
    await road.until_quiet()
    await road.github.comment(REPO, number, "/nofx review")
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"


async def test_commands_that_are_not_allowed_are_refused(road: Road) -> None:
    """They are answered with a sentence that names what is allowed; help always is."""
    configure(road, "commands: {allow: [status]}\n")
    number = await opened(road, {"app.py": RISKY}, draft=True)
    answer = await ask(road, number, "/nofx review")
    assert "`/nofx review` is not allowed in this repository" in answer
    assert "`help`, `status`" in answer
    assert "There is no run yet" in await ask(road, number, "/nofx status")
    assert "This is what I can do" in await ask(road, number, "/nofx help")
    assert await road.runs() == []


async def test_without_increments_everything_is_asked_anew(road: Road) -> None:
    """A rerun remembers nothing where the file says so."""
    assert road.bot is not None
    configure(road, "incremental: false\n")
    number = await opened(road, {"app.py": RISKY})
    await road.until_checked(number)
    await road.until_runs_end()
    await ask(road, number, "/nofx rerun")
    runs = await road.until_runs_end()
    histories = [await road.bot.base.runs.history(run["_id"]) for run in runs]
    kinds = [
        event.type for commits in histories for one in commits for event in one.events
    ]
    assert len(runs) == 2
    assert "work.reused" not in kinds
