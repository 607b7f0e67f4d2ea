"""A model's findings are put to it again, on the whole road from push to comment."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.models import catalog
from bot.models.language import LanguageReviewer
from bot.replaying.replay import replay
from bot.simulator.simulator import Simulator
from core.access.tokens import Scope
from core.events import schema
from core.metrics.models import MODEL_NAMES
from core.review.chat import Budget, Question
from core.review.second.answers import UNREADABLE
from core.review.second.template import NAME as SECOND_LOOK
from core.runs.usage import usage_of
from core.store.blobs import Digest
from core.store.database import Database
from tests.fakes.forged import recorded
from tests.fakes.language_answers import answer, finding, shown
from tests.fakes.road import REPO, RISKY, Road, built_road, driving
from tests.fakes.scripted_chat import NAME, ScriptedChat
from tests.fakes.second_looks import refuted, says, unsure
from tests.fakes.taken import bundle_of

CALC = """\
def add(a: int, b: int) -> int:
    return a - b


def none() -> None:
    pass
"""
OTHER = "def two() -> int:\n    return 2\n"
REASON = "line 5 is called by the CLI"


class Reviewer:
    """A scripted chat that finds three things in calc.py, and refutes one of them."""

    def __init__(self) -> None:
        """Start with opinions; what is asked for `unreadable` gets no JSON."""
        self.unreadable = False
        self.chat = ScriptedChat(self._answer)
        self._second = says(
            {"Subtracts": unsure("add may be misnamed"), "Nobody": refuted(REASON)}
        )

    def asked(self) -> list[str]:
        """Return the names of the questions so far, and forget them."""
        names = [one.name for one in self.chat.asked]
        self.chat.asked.clear()
        return names

    def _answer(self, question: Question) -> str:
        if question.name == SECOND_LOOK:
            return "I would rather not." if self.unreadable else self._second(question)
        if "calc.py" not in shown(question):
            return answer()
        return answer(
            finding(
                question,
                "calc.py",
                "return a - b",
                title="Subtracts where it should add",
                severity="error",
                suggestion="    return a + b",
            ),
            finding(question, "calc.py", "def none", title="Nobody calls this"),
            finding(
                question,
                "calc.py",
                "def add",
                title="Takes no floats",
                suggestion="def add(",
            ),
        )


@pytest.fixture
def reviewer(monkeypatch: pytest.MonkeyPatch) -> Reviewer:
    """Give a reviewer that the service knows by its name."""
    made = Reviewer()

    def make(equipment: catalog.Equipment) -> LanguageReviewer:
        return LanguageReviewer(made.chat, clock=equipment.clock, budget=Budget())

    monkeypatch.setitem(catalog.MODELS, NAME, make)
    MODEL_NAMES.allow(NAME)
    return made


@pytest.fixture
async def road(
    tmp_path: Path,
    mongodb_url: str,
    database: Database,
    judged: Callable[[Simulator], Simulator],
    reviewer: Reviewer,
) -> AsyncIterator[Road]:
    """Give a stage whose bot reviews with the scripted model."""
    async with built_road(tmp_path, mongodb_url, database.db.name) as road:
        model = reviewer.chat.name
        road.settings = road.settings.model_copy(update={"model": model})
        judged(road.github)
        async with driving(road):
            yield road


async def reviewed(road: Road, files: dict[str, str]) -> tuple[int, str]:
    """Open a pull request with these files; return its number and its run's id."""
    road.repository.commit(files, "Calculate", branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    await road.until_checked(number)
    return number, str((await road.until_runs_end())[-1]["_id"])


async def listed(road: Road, run_id: str, query: str = "") -> list[dict[str, Any]]:
    """Return a run's findings as the API tells them."""
    assert road.bot is not None
    issued = await road.bot.base.tokens.create([Scope.READ])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    url = f"{road.bot.url}/runs/{run_id}/findings{query}"
    async with ClientSession() as session, session.get(url, headers=headers) as got:
        found: dict[str, Any] = await got.json(content_type=None)
        assert got.status == 200, found
        return list(found["findings"])


async def test_a_refuted_finding_is_filtered_and_stays_to_be_seen(
    road: Road, reviewer: Reviewer
) -> None:
    """It is not posted; the API tells of it with the reason, and of a doubt too."""
    number, run_id = await reviewed(road, {"calc.py": CALC})
    assert reviewer.asked() == ["findings", SECOND_LOOK]
    bodies = [one["body"] for one in road.github.review_comments(REPO, number)]
    assert any("Subtracts" in one for one in bodies)
    assert not any("Nobody" in one for one in bodies)
    assert not any("Nobody" in one for one in road.summaries(number))
    (filtered,) = await listed(road, run_id, "?state=filtered")
    assert filtered["title"] == "Nobody calls this"
    assert filtered["reason"] == f"a second look refuted it: {REASON}"
    posted = await listed(road, run_id, "?state=posted")
    assert {one["title"] for one in posted} == {
        "Subtracts where it should add",
        "Takes no floats",
    }
    assert [one["doubt"] for one in posted if one["doubt"]] == ["add may be misnamed"]
    assert all(one["comment_id"] for one in posted)
    assert len(await listed(road, run_id)) == 3


async def test_only_a_suggestion_that_parses_is_offered_for_one_click(
    road: Road,
) -> None:
    """The broken one is code in the text, with the words that say why."""
    number, _ = await reviewed(road, {"calc.py": CALC})
    bodies = [one["body"] for one in road.github.review_comments(REPO, number)]
    (good,) = [one for one in bodies if "Subtracts" in one]
    (broken,) = [one for one in bodies if "floats" in one]
    assert "```suggestion\n    return a + b\n```" in good
    assert "```suggestion" not in broken
    assert "the file would not parse with it" in broken
    assert "```\ndef add(\n```" in broken


async def test_what_it_cost_and_what_was_said_is_kept(road: Road) -> None:
    """The call counts as the step's, and the record has question and answer."""
    assert road.bot is not None
    _, run_id = await reviewed(road, {"calc.py": CALC})
    base = road.bot.base
    commits = await base.runs.history(run_id)
    calls = [
        event
        for commit in commits
        for event in commit.events
        if isinstance(event, schema.ModelCalled) and event.request_model == NAME
    ]
    assert [one.step for one in calls] == ["review", "verify"]
    assert calls[1].record is not None
    record = await base.blobs.get_json(Digest(calls[1].record))
    assert "try to refute it" in record["prompt"]
    assert REASON in record["raw"]
    state = await base.runs.state_of(await base.runs.load(run_id))
    tokens = sum(one.input_tokens for one in calls)
    assert state["usage"]["input_tokens"] == tokens
    assert usage_of(commits).totals.input_tokens == tokens


async def test_a_rerun_with_nothing_changed_asks_nothing(
    road: Road, reviewer: Reviewer
) -> None:
    """Everything was said before, the second look too; the verdict is the same."""
    number, run_id = await reviewed(road, {"calc.py": CALC})
    reviewer.asked()
    before = road.check(number)["conclusion"]
    await road.github.comment(REPO, number, "/nofx rerun")
    await road.until_quiet()
    runs = await road.until_runs_end()
    assert len(runs) == 2
    assert reviewer.asked() == []
    again = str(next(one["_id"] for one in runs if one["_id"] != run_id))
    assert [one["reason"] for one in await listed(road, again)] == [
        one["reason"] for one in await listed(road, run_id)
    ]
    assert road.check(number)["conclusion"] == before


async def test_a_push_that_changes_one_file_asks_about_that_file(
    road: Road, reviewer: Reviewer
) -> None:
    """One question for the review and at most one for the second look."""
    files = {f"f{at}.py": OTHER for at in range(8)}
    number, _ = await reviewed(road, {"calc.py": CALC, **files})
    reviewer.asked()
    await road.push(number, {"calc.py": CALC.replace("pass", "return")})
    await road.until_checked(number)
    await road.until_runs_end()
    assert reviewer.asked() == ["findings", SECOND_LOOK]
    await road.push(number, {"f1.py": OTHER.replace("2", "3")})
    await road.until_checked(number)
    await road.until_runs_end()
    assert reviewer.asked() == ["findings"]


async def test_an_answer_that_cannot_be_read_refutes_nothing(
    road: Road, reviewer: Reviewer
) -> None:
    """All is posted, and the step says that nobody took a second look."""
    assert road.bot is not None
    reviewer.unreadable = True
    number, run_id = await reviewed(road, {"calc.py": CALC})
    bodies = [one["body"] for one in road.github.review_comments(REPO, number)]
    assert any("Nobody" in one for one in bodies)
    commits = await road.bot.base.runs.history(run_id)
    told = json.dumps([event.stored() for one in commits for event in one.events])
    assert f"no second look at 3 findings: {UNREADABLE}" in told
    reviewer.unreadable = False
    reviewer.asked()
    await road.github.comment(REPO, number, "/nofx rerun")
    await road.until_quiet()
    await road.until_runs_end()
    assert reviewer.asked() == [SECOND_LOOK]


async def test_the_base_branch_says_how_much_is_posted(road: Road) -> None:
    """One comment and its threshold; the rest is in the summary or stays to be seen."""
    config = "max_comments: 1\nthresholds: {severity: warning, confidence: 0.5}\n"
    road.repository.commit({".github/nofx.yml": config}, "Configure", branch="main")
    number, run_id = await reviewed(road, {"calc.py": CALC, "app.py": RISKY})
    (comment,) = road.github.review_comments(REPO, number)
    posted = await listed(road, run_id, "?state=posted")
    assert [one["severity"] for one in posted] == ["error"]
    assert posted[0]["title"] in comment["body"]
    summarised = await listed(road, run_id, "?state=summarised")
    assert summarised
    assert {one["reason"] for one in summarised} == {
        "a review here has at most 1 comment"
    }
    (summary,) = road.summaries(number)
    assert all(one["title"] in summary for one in summarised)


async def test_the_decisions_come_out_alike_without_the_model(
    road: Road, reviewer: Reviewer, tmp_path: Path
) -> None:
    """What was refuted is in the recorded state; nobody is asked again."""
    _, run_id = await reviewed(road, {"calc.py": CALC})
    reviewer.asked()
    data = await bundle_of(road, run_id)
    again = replay(recorded(tmp_path / "rca.tar.gz", data))
    assert again.difference is None
    assert again.same
    assert reviewer.asked() == []
