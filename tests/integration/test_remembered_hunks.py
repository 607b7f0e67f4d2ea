"""A language model is asked once about each hunk, wherever that stands by then."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.models.language import LanguageReviewer
from bot.pipeline.recorded import Records
from bot.pipeline.remembered import Answers
from core.review.chat import Budget
from core.review.config import PathInstructions, ReviewConfig
from core.review.findings import Proposal, Severity
from core.review.hunks import parse_diff
from core.review.prompt.template import DIGEST
from core.review.reviewer import ReviewRequest, Sighting
from core.runs.work import Work
from core.store.blobs import Blobs, Digest
from core.store.database import Database
from tests.fakes.changes import patch
from tests.fakes.clock import FakeClock
from tests.fakes.language_answers import on, shown
from tests.fakes.scripted_chat import ScriptedChat

BODY = "def f():\n    first()\n" + "    pass\n" * 20 + "def g():\n    second()\n"


@pytest.fixture
async def answers(database: Database, clock: FakeClock) -> Answers:
    """Give an empty memory of work."""
    work = Work(database, clock=clock)
    return Answers(work, lambda text: text, Records(Blobs(database), lambda one: one))


def change(
    head: Mapping[str, str], base: Mapping[str, str] | None = None
) -> ReviewRequest:
    """Return a request about going from `base` to `head`."""
    before = base or {}
    diff = b"".join(
        patch(path, before[path].encode() if path in before else None, text.encode())
        for path, text in head.items()
        if before.get(path) != text
    )
    return ReviewRequest(
        repository="octo/hello",
        title="A change",
        description="",
        diff=parse_diff(diff),
        files={path: text.encode() for path, text in head.items()},
    )


def reviewer(chat: ScriptedChat) -> LanguageReviewer:
    """Return the reviewer over a scripted model."""
    return LanguageReviewer(chat, clock=FakeClock(), budget=Budget())


FIFTY = {f"f{one}.py": f"def f{one}():\n    risky({one})\n" for one in range(50)}


async def test_a_rerun_asks_nothing_and_a_push_asks_about_what_it_changed(
    answers: Answers,
) -> None:
    """No call for what was read before; one for one changed file of fifty."""
    chat = ScriptedChat(on("risky"))
    model = reviewer(chat)
    first = await answers.review(model, change(FIFTY), "run_1")
    asked = len(chat.asked)
    assert (first.kind, first.count, first.reused, asked) == ("hunk", 50, 0, 1)
    again = await answers.review(model, change(FIFTY), "run_2")
    assert (again.reused, len(chat.asked)) == (50, asked)
    assert (again.proposals, again.usage.cost_usd) == (first.proposals, 0)
    assert again.recorded.record is None
    pushed = FIFTY | {"f7.py": "def f7():\n    more()\n    risky(8)\n"}
    third = await answers.review(model, change(pushed), "run_3")
    assert (third.reused, len(chat.asked)) == (49, asked + 1)
    assert list(shown(chat.asked[-1])) == ["f7.py"]
    lines = {one.path: one.line for one in third.proposals}
    assert len(lines) == 50
    assert (lines["f6.py"], lines["f7.py"]) == (2, 3)


async def test_a_hunk_that_moved_is_not_sent_and_has_its_lines_anew(
    answers: Answers,
) -> None:
    """What was said of it stands where it stands now, on either side."""
    chat = ScriptedChat(on("()", suggestion="    third()"))
    model = reviewer(chat)
    base = {"a.py": BODY}
    head = {"a.py": BODY.replace("    second()", "    third()")}
    first = await answers.review(model, change(head, base), "run_1")
    above = "import os\n" * 40
    moved = change({"a.py": above + head["a.py"]}, {"a.py": above + base["a.py"]})
    second = await answers.review(model, moved, "run_2")
    assert (second.reused, second.count, len(chat.asked)) == (1, 1, 1)
    assert [(one.side, one.line) for one in second.proposals] == [
        (one.side, one.line + 40) for one in first.proposals
    ]
    assert {one.side for one in first.proposals} == {"LEFT", "RIGHT"}


async def test_an_unchanged_hunk_of_a_changed_file_is_not_sent_again(
    answers: Answers,
) -> None:
    """Only the new one is, and the whole answer has both."""
    chat = ScriptedChat(on("third"))
    model = reviewer(chat)
    base = {"a.py": BODY}
    one = BODY.replace("    second()", "    third(1)")
    await answers.review(model, change({"a.py": one}, base), "run_1")
    both = one.replace("    first()", "    third(2)\n    third(3)")
    found = await answers.review(model, change({"a.py": both}, base), "run_2")
    assert (found.reused, found.count) == (1, 2)
    assert not any("third(1)" in line for line in shown(chat.asked[-1])["a.py"])
    code = both.split("\n")
    assert [code[one.line - 1].strip() for one in found.proposals] == [
        "third(2)",
        "third(3)",
        "third(1)",
    ]


REMARK = Proposal(
    path="a.py",
    line=1,
    severity=Severity.INFO,
    confidence=1,
    rule="r",
    title="Told",
    body="",
    source="ruff",
)
SIGHTING = Sighting(path="a.py", start=1, end=1, rule="r", name="a key")


@pytest.mark.parametrize(
    ("other", "reused"),
    [
        ({"title": "Another"}, 0),
        ({"description": "More words"}, 0),
        ({"remarks": (REMARK,)}, 1),
        ({"sightings": (SIGHTING,)}, 1),
        (
            {
                "config": ReviewConfig(
                    path_instructions=(
                        PathInstructions(path="b.py", instructions="Look."),
                    )
                )
            },
            1,
        ),
        ({"config": ReviewConfig(max_comments=3)}, 2),
    ],
)
async def test_what_a_model_was_told_beside_the_code_counts(
    answers: Answers, other: dict[str, object], reused: int
) -> None:
    """Whatever stands in its question may change its answer, and nothing else does."""
    chat = ScriptedChat(on("f("))
    model = reviewer(chat)
    asked = change({"a.py": "f(1)\n", "b.py": "f(2)\n"})
    await answers.review(model, asked, "run_1")
    again = replace(asked, **other)  # type: ignore[arg-type]
    found = await answers.review(model, again, "run_2")
    assert found.reused == reused
    assert len(chat.asked) == (1 if reused == 2 else 2)


async def test_another_definition_around_a_hunk_is_another_question(
    answers: Answers,
) -> None:
    """The same lines mean another thing elsewhere."""
    chat = ScriptedChat(on("third"))
    model = reviewer(chat)
    for name, reused in (("g", 0), ("g", 1), ("h", 0)):
        body = BODY.replace("def g", f"def {name}") + "    pass\n" * 9
        head = {"a.py": body + "    third()\n"}
        found = await answers.review(model, change(head, {"a.py": body}), "run_1")
        assert found.reused == reused


async def test_a_remark_without_a_line_is_remembered_as_one(answers: Answers) -> None:
    """It comes back with its reason, on no line."""
    chat = ScriptedChat(on("f(", first="9#00", last="9#00"))
    model = reviewer(chat)
    asked = change({"a.py": "f(1)\n"})
    for _ in range(2):
        found = await answers.review(model, asked, "run_1")
        (one,) = found.proposals
        assert one.unplaced == "the model named a line that is not there"
    assert len(chat.asked) == 1


async def test_records_name_the_template(answers: Answers, database: Database) -> None:
    """Its version and digest stand with what was asked and answered."""
    chat = ScriptedChat(lambda question: f"```json\n{on('f(')(question)}\n```")
    found = await answers.review(reviewer(chat), change({"a.py": "f(1)\n"}), "run_1")
    kept = await Blobs(database).get_json(Digest(str(found.recorded.record)))
    assert f"sha256:{DIGEST}" in kept["version"]
    assert chat.asked[0].material in kept["prompt"]
    assert kept["raw"].startswith("```json")
    assert kept["repairs"] == ["the code fence around the answer was taken off"]
