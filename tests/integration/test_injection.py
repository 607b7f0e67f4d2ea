"""Whatever a change says, and a model that obeys it, nothing acts at GitHub.

One road is walked once, from signed webhooks to what stands at the simulator; each case
is then judged by a Markdown parser.
"""

import asyncio
import re

import pytest

from bot.github.markers import SUMMARY, fingerprint_in
from tests.fakes.attack import (
    ORDERS,
    OWN,
    SECRET,
    STRANGER,
    Aftermath,
    attacked,
)
from tests.fakes.hostile_words import TRICKS, Trick
from tests.judges.posted_markdown import acting, html_of, suggestions

MARK = re.compile(r"^MARK ([0-9a-f]+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory, mongodb_url: str) -> Aftermath:
    """Give what stands at GitHub after one long attack."""
    folder = tmp_path_factory.mktemp("attack")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(attacked(folder, mongodb_url))


def found(aftermath: Aftermath, trick: Trick) -> list[str]:
    """Return the comments on lines, and the rows of summaries, that show a trick."""
    named = re.compile(rf"(?<![\w-]){re.escape(trick.name)}(?![\w-])")
    rows = [
        line
        for one in aftermath.comments
        if SUMMARY in one["body"]
        for line in one["body"].split("\n")
    ]
    remarks = [one["body"] for one in aftermath.remarks]
    return [text for text in (*remarks, *rows) if named.search(text)]


SHOWN = [one for one in TRICKS if one.path is None]


@pytest.mark.parametrize("trick", SHOWN, ids=lambda one: one.name)
def test_a_models_trick_is_read_and_does_nothing(
    aftermath: Aftermath, trick: Trick
) -> None:
    """It is shown once, in our frame: no picture, call, command, HTML or marker."""
    texts = found(aftermath, trick)
    assert texts
    assert [acting(text) for text in texts if acting(text)] == []
    remarks = [text for text in texts if not text.startswith("|")]
    if not remarks:
        return
    (text,) = remarks
    assert [one.strip() for one in html_of(text)][-3:-1] == ["<sub>", "</sub>"]
    (marker,) = re.findall(r"<!--.*?-->", "".join(html_of(text)))
    fingerprint = fingerprint_in(text)
    assert marker == f"<!-- nofx:finding:{fingerprint} -->"
    known = {name for run in aftermath.runs for name in run.findings}
    assert fingerprint in known


def test_what_changes_is_told_and_does_nothing(aftermath: Aftermath) -> None:
    """A walkthrough is a model's words as well; it stays in one line of a list."""
    summaries = [one["body"] for one in aftermath.comments if SUMMARY in one["body"]]
    lines = [
        line
        for body in summaries
        for line in body.split("\n")
        if "walk.example" in line
    ]
    assert lines
    for line in lines:
        assert line.startswith("- `tricks_")
        assert acting(line) == []
    for body in summaries:
        assert body.count("<details>") == body.count("</details>")


@pytest.mark.parametrize(
    "trick", [one for one in TRICKS if one.first], ids=lambda one: one.name
)
def test_a_false_line_is_told_in_the_summary_alone(
    aftermath: Aftermath, trick: Trick
) -> None:
    """No comment stands on a line that the model did not name truly."""
    (text,) = found(aftermath, trick)
    assert text.startswith("|")
    assert "the model named a line that is not there" in text


@pytest.mark.parametrize(
    "trick", [one for one in TRICKS if one.path], ids=lambda one: one.name
)
def test_a_file_that_was_not_changed_is_spoken_of_nowhere(
    aftermath: Aftermath, trick: Trick
) -> None:
    """Such a finding is filtered, and stays to be seen in the run alone."""
    assert found(aftermath, trick) == []
    states = [state for run in aftermath.runs for state in run.findings.values()]
    assert states.count("filtered") >= len([one for one in TRICKS if one.path])


def test_only_whole_suggestions_are_offered(aftermath: Aftermath) -> None:
    """One that leaves its fence, hides something or holds a marker is not one click."""
    offered = [code for one in aftermath.remarks for code in suggestions(one["body"])]
    for code in offered:
        assert "\u202e" not in code
        assert "<!--" not in code
        assert "import os" not in code


def test_nothing_that_nofx_has_written_acts(aftermath: Aftermath) -> None:
    """Comments, reviews and every part of a check run, the model's answer as well."""
    assert len(aftermath.texts) > len(TRICKS)
    assert [fault for text in aftermath.texts for fault in acting(text)] == []
    everything = "\n".join(aftermath.texts)
    assert "\u202e" not in everything
    assert not re.search("[\U000e0000-\U000e007f]", everything)


def test_each_pull_request_has_one_summary_that_our_reader_takes_for_ours(
    aftermath: Aftermath,
) -> None:
    """No model writes a second one, and no answer looks like it."""
    for number in (*aftermath.tricked, aftermath.ordered, aftermath.forked):
        bodies = [one["body"] for one in aftermath.comments if one["pull"] == number]
        assert sum(SUMMARY in body for body in bodies) == 1
    answers = [one["body"] for one in aftermath.comments if SUMMARY not in one["body"]]
    for body in answers:
        assert fingerprint_in(body) is None
        markers = re.findall(r"<!--.*?-->", "".join(html_of(body)))
        assert len(markers) == 1
        assert re.fullmatch(r"<!-- nofx:comment-\d+:answer -->", markers[0])


def test_no_words_pass_a_gate(aftermath: Aftermath) -> None:
    """The rules' finding fails every check, and nobody has decided anything."""
    for number in (
        *aftermath.tricked,
        aftermath.ordered,
        aftermath.forked,
        aftermath.shaped,
    ):
        (check,) = [one for one in aftermath.checks if one["pull"] == number]
        assert check["conclusion"] == "failure"
    assert [run.approvals for run in aftermath.runs if run.approvals] == []
    gates = [one for run in aftermath.runs for one in run.gates.items()]
    assert {one.status for name, one in gates if name == "static_analysis"} == {
        "failed"
    }


def test_every_run_was_begun_by_a_push(aftermath: Aftermath) -> None:
    """No comment of a model, a stranger, a bot or a quotation began or ended one."""
    numbers = sorted(run.subject.pull for run in aftermath.runs)
    assert numbers == sorted({*numbers})
    assert {run.status for run in aftermath.runs} == {"gate_failed"}
    assert {run.origin for run in aftermath.runs} == {"request"}


def test_a_stranger_is_told_that_he_may_not(aftermath: Aftermath) -> None:
    """Each of his commands is answered so; quotations and bots are not answered."""
    bodies = [
        one["body"]
        for one in aftermath.comments
        if one["pull"] == aftermath.ordered and SUMMARY not in one["body"]
    ]
    assert len(bodies) == 2
    assert all("needs write access" in body for body in bodies)


@pytest.mark.parametrize("place", sorted(ORDERS))
def test_an_order_is_data_in_a_fence(aftermath: Aftermath, place: str) -> None:
    """What the model sees of it stands between marks that nobody could know."""
    seen = [one for one in aftermath.model.asked if ORDERS[place] in one.material]
    for question in seen:
        mark = MARK.search(question.material)
        assert mark is not None
        blocks = re.findall(
            rf"^\[{mark[1]} [^\n]*\]\n.*?^\[{mark[1]} end\]$",
            question.material,
            re.MULTILINE | re.DOTALL,
        )
        outside = question.material
        for block in blocks:
            outside = outside.replace(block, "")
        assert ORDERS[place] not in outside
    # What nobody can see is not shown to a model either.
    assert bool(seen) is (place != "tags")


def test_our_orders_are_the_same_for_everybody(aftermath: Aftermath) -> None:
    """Nothing that others wrote comes to stand in them."""
    assert len({one.orders for one in aftermath.model.reviews}) == 1
    for question in aftermath.model.asked:
        assert "canary" not in question.orders
        assert not re.search("[\U000e0000-\U000e007f\u202e]", question.material)


@pytest.mark.parametrize("canary", [SECRET, STRANGER])
def test_what_is_not_this_repositorys_is_not_there(
    aftermath: Aftermath, canary: str
) -> None:
    """Neither in what the model is asked nor in what nofx says."""
    asked = "\n".join(one.material for one in aftermath.model.asked)
    assert canary not in asked
    assert canary not in "\n".join(aftermath.texts)
    assert OWN in asked


def test_a_fork_learns_nothing_that_is_remembered(aftermath: Aftermath) -> None:
    """The model cannot tell what it was not told."""
    (question,) = [
        one for one in aftermath.model.reviews if "forked.py" in one.material
    ]
    assert OWN not in question.material


def test_findings_in_no_form_are_left_out_and_counted(aftermath: Aftermath) -> None:
    """Nothing that does not fit is posted, and what does is on no false line."""
    (summary,) = [
        one["body"]
        for one in aftermath.comments
        if one["pull"] == aftermath.shaped and SUMMARY in one["body"]
    ]
    assert "the model named a line that is not there" in summary
    remarks = [one for one in aftermath.remarks if one["pull"] == aftermath.shaped]
    assert all("ruff" in one["body"] for one in remarks)


def test_an_answer_that_closes_early_is_no_review(aftermath: Aftermath) -> None:
    """Whatever follows it decides nothing; what rules found stops the change."""
    (check,) = [one for one in aftermath.checks if one["pull"] == aftermath.early]
    assert check["conclusion"] == "failure"
    assert "0 of 1 hunk reviewed" in check["output"]["title"]
