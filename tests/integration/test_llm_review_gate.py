"""The story of a review: a model reads a change, and people live with its remarks.

All is real but GitHub and the model's service, which stand at the border, over HTTP:
the webhook, the base branch's file, the database, questions, comments, check, ledger.
"""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.settings import load_settings
from bot.simulator.simulator import Simulator
from core.access.tokens import Scope
from core.review.chat import Question
from core.review.second.template import NAME as SECOND_LOOK
from tests.fakes.hosted_model import KEY, Asked, HostedModel
from tests.fakes.language_answers import answer, finding, shown
from tests.fakes.road import REPO, Road, built_road, driving
from tests.fakes.second_looks import refuted, says

MODEL = "openai:gpt-story"
CANARY = "ghp_" + "Zq8Yw3Xv7Ut2Sr9Qp4On6Ml1Kj5Ih0Gf" + "8d7c"
CALC = """\
def add(a: int, b: int) -> int:
    return a - b


def half(number: int) -> int:
    return number / 2


def none() -> None:
    pass
"""
POLICY = """\
gate:
  fail_on: error
path_instructions:
  - path: "*.py"
    instructions: Numbers must come out right.
"""
WALK = "Sums and halves numbers."
INVENTED = {"first": "999#00", "last": "999#00", "title": "Line of its own making"}


def opinion(asked: Asked) -> str:
    """Answer as a capable model would that is sometimes wrong."""
    name = asked.body["response_format"]["json_schema"]["name"]
    question = Question(
        orders=asked.orders, material=asked.material, name=name, schema={}
    )
    if name == SECOND_LOOK:
        return says({"Nobody": refuted("the CLI calls it")})(question)
    code = "\n".join(shown(question).get("calc.py", ()))
    remarks = []
    if "return a - b" in code:
        fix = {"title": "Subtracts where it should add", "severity": "error"}
        fix["suggestion"] = "    return a + b"
        remarks.append(finding(question, "calc.py", "return a - b", **fix))
        remarks.append(finding(question, "calc.py", "return a - b", **INVENTED))
    if "number / 2" in code:
        title = "Gives a float where an int is promised"
        remarks.append(finding(question, "calc.py", "number / 2", title=title))
    if "def none" in code:
        title = "Nobody calls this"
        remarks.append(finding(question, "calc.py", "def none", title=title))
    return answer(*remarks, changes={"calc.py": WALK} if code else None)


@dataclass
class Gate:
    """The stage, and the model's service beside it."""

    road: Road
    model: HostedModel

    def asked(self) -> list[str]:
        """Return the names of the questions since the last look."""
        names = [
            one.body["response_format"]["json_schema"]["name"]
            for one in self.model.asked
        ]
        self.model.asked.clear()
        return names

    def comments(self, number: int) -> dict[str, dict[str, Any]]:
        """Return the bot's line comments by the words of their titles."""
        found = self.road.github.review_comments(REPO, number)
        return {_title(one["body"]): one for one in found}

    async def say(self, number: int, text: str) -> str:
        """Write a comment as alice, and return the bot's answer."""
        before = len(self.road.answers(number))
        await self.road.github.comment(REPO, number, text)
        await self.road.until(lambda: len(self.road.answers(number)) > before)
        return self.road.answers(number)[-1]

    async def get(self, path: str) -> Any:
        """Return what the API tells somebody who may read."""
        assert self.road.bot is not None
        issued = await self.road.bot.base.tokens.create([Scope.READ])
        headers = {"Authorization": f"Bearer {issued.secret}"}
        async with (
            ClientSession(headers=headers) as session,
            session.get(f"{self.road.bot.url}{path}") as got,
        ):
            assert got.status == 200, await got.text()
            return await got.json(content_type=None)


def _title(body: str) -> str:
    found = re.search(r"\*\*(.*?)\*\*", body)
    return found[1] if found else body


@pytest.fixture
async def gate(
    tmp_path: Path, mongodb_url: str, judged: Callable[[Simulator], Simulator]
) -> AsyncIterator[Gate]:
    """Give a bot that asks a hosted model, and a repository with a policy."""
    model = HostedModel(answers=opinion)
    async with (
        model.running(),
        built_road(tmp_path, mongodb_url, "llm_review_gate") as road,
    ):
        road.repository.commit({".github/nofx.yml": POLICY}, "Say what we want")
        known = road.settings.model_dump(exclude_unset=True)
        chosen = {"model": MODEL, "model_key": KEY, "model_url": model.openai_url}
        road.settings = load_settings(None, **{**known, **chosen})
        judged(road.github)
        async with driving(road):
            yield Gate(road=road, model=model)


async def test_a_model_reviews_and_people_live_with_it(gate: Gate) -> None:
    """From the first push to the last: asked little, placed right, told the truth."""
    number = await opened(gate)
    await the_remarks_stand_where_they_belong(gate, number)
    what_the_model_was_asked_holds_no_secret(gate)
    assert gate.asked() == ["findings", SECOND_LOOK]
    await a_rerun_asks_nothing(gate, number)
    await a_fix_is_noticed(gate, number)
    await people_have_the_last_word(gate, number)


async def opened(gate: Gate) -> int:
    """Open a pull request with a bug, a doubt, and a secret in another file."""
    files = {"calc.py": CALC, "deploy.py": f'TOKEN = "{CANARY}"\n'}
    gate.road.repository.commit(files, "Calculate", branch="feature")
    number = await gate.road.github.open_pull(REPO, base="main", head="feature")
    check = await gate.road.until_checked(number)
    assert check["conclusion"] == "failure"
    return number


async def the_remarks_stand_where_they_belong(gate: Gate, number: int) -> None:
    """On the line, with code for one click; what has no line is in the summary."""
    comments = gate.comments(number)
    subtracts = comments["Subtracts where it should add"]
    assert (subtracts["path"], subtracts["line"]) == ("calc.py", 2)
    assert "```suggestion\n    return a + b\n```" in subtracts["body"]
    assert comments["Gives a float where an int is promised"]["line"] == 6
    assert "Nobody calls this" not in comments
    assert "Line of its own making" not in comments
    (summary,) = gate.road.summaries(number)
    assert "Line of its own making" in summary
    assert "Nobody calls this" not in summary
    assert f"- `calc.py`: {WALK}" in summary
    assert f"Model {MODEL}" in summary
    assert "tokens" in summary
    (run,) = await gate.road.until_runs_end()
    told = await gate.get(f"/runs/{run['_id']}/findings?state=filtered")
    assert [one["title"] for one in told["findings"]] == ["Nobody calls this"]
    assert "the CLI calls it" in told["findings"][0]["reason"]
    told = await gate.get(f"/runs/{run['_id']}/gates")
    gates = {one["name"]: one["status"] for one in told["gates"]}
    assert gates["llm_review"] == "failed"


def what_the_model_was_asked_holds_no_secret(gate: Gate) -> None:
    """Show numbered lines and the wish of the base branch, and our key in no text."""
    first = gate.model.asked[0]
    assert re.search(r"\n2#[0-9a-f]{2,}\|    return a - b", first.material)
    assert "Numbers must come out right." in first.material
    sent = b"".join(gate.model.sent)
    assert CANARY.encode() not in sent
    assert KEY.encode() not in sent
    assert not any(one.body.get("tools") for one in gate.model.asked)


async def a_rerun_asks_nothing(gate: Gate, number: int) -> None:
    """Nothing changed, so nothing is paid for and nothing is said twice."""
    before = gate.comments(number)
    said = await gate.say(number, "/nofx rerun")
    assert "Rerun" in said
    await gate.road.until_quiet()
    await gate.road.until_checked(number)
    await gate.road.until_runs_end()
    assert gate.asked() == []
    assert gate.comments(number) == before


async def a_fix_is_noticed(gate: Gate, number: int) -> None:
    """See one finding addressed, and the other still open and not said again."""
    fixed = CALC.replace("a - b", "a + b")
    await gate.road.push(number, {"calc.py": fixed, "deploy.py": "TOKEN = None\n"})
    check = await gate.road.until_checked(number)
    assert check["conclusion"] == "success"
    await gate.road.until_runs_end()
    assert len(gate.asked()) <= 2
    told = await gate.get(f"/repos/{REPO}/pulls/{number}/findings")
    states = {one["title"]: one["state"] for one in told["findings"]}
    assert states["Subtracts where it should add"] == "addressed"
    assert states["Gives a float where an int is promised"] == "posted"
    found = gate.road.github.review_comments(REPO, number)
    (summary,) = gate.road.summaries(number)
    assert f"- `calc.py`: {WALK}" in summary
    titles = [_title(one["body"]) for one in found]
    assert titles.count("Gives a float where an int is promised") == 1


async def people_have_the_last_word(gate: Gate, number: int) -> None:
    """Why it was said is told; once dismissed, with a reason, it stays so."""
    told = await gate.get(f"/repos/{REPO}/pulls/{number}/findings?state=posted")
    (entry,) = [one for one in told["findings"] if "float" in one["title"]]
    why = await gate.say(number, f"/nofx explain {entry['fingerprint'][:8]}")
    assert "Gives a float where an int is promised" in why
    wish = f"/nofx dismiss {entry['fingerprint'][:8]} halves are meant"
    await gate.say(number, wish)
    told = await gate.get(f"/repos/{REPO}/pulls/{number}/findings?state=dismissed")
    assert [one["title"] for one in told["findings"]] == [entry["title"]]
    await gate.road.push(number, {"other.py": "x = 1\n"})
    await gate.road.until_checked(number)
    await gate.road.until_runs_end()
    again = await gate.get(f"/repos/{REPO}/pulls/{number}/findings?state=dismissed")
    assert [one["title"] for one in again["findings"]] == [entry["title"]]
