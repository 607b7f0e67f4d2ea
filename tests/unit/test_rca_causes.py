"""Every rule finds its cause in a recorded story, and not in one that is near to it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import typer
from typer.core import TyperGroup as Group

from bot.cli.app import app
from bot.github import review_draft
from bot.pipeline import github_desk
from core.rca.analysis import analyse
from core.rca.cause import Analysis
from core.rca.causes import RULES, effects, endings
from core.rca.changed import changed
from tests.fakes.rca_stories import names, recorded, story_of

# What is said when no rule found anything.
WITHOUT_RULE = {"nothing_failed", "unknown"}


def told(name: str, **changes: str) -> Analysis:
    """Return the analysis of a recorded story, in whose text words were changed."""
    text = json.dumps(recorded(name), ensure_ascii=False)
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return analyse(story_of(json.loads(text)))


def found(analysis: Analysis) -> list[str]:
    """Return the causes by name, the probable one first."""
    return [cause.name for cause in analysis.causes]


@pytest.mark.parametrize("name", names())
def test_a_recorded_story_has_these_causes(name: str) -> None:
    """In this order, each so sure; and each says what shows it and what to do."""
    document = recorded(name)
    analysis = analyse(story_of(document))
    assert [f"{one.name}: {one.confidence}" for one in analysis.causes] == document[
        "causes"
    ]
    for cause in analysis.causes:
        assert cause.sentence.endswith((".", "…"))
        assert cause.next_action.endswith((".", "…"))
        assert "\n" not in cause.sentence
        assert cause.evidence


def test_every_rule_is_shown_by_a_story() -> None:
    """First in one of them, save for what only gives a setting."""
    firsts = {recorded(name)["causes"][0].split(":")[0] for name in names()}
    named = {
        cause.split(":")[0] for name in names() for cause in recorded(name)["causes"]
    }
    assert firsts == (set(RULES) | WITHOUT_RULE) - {"seen_before", "diverged"}
    assert {"seen_before", "diverged"} <= named


NEAR: Mapping[str, tuple[str, dict[str, str]]] = {
    "gate_failed": ("gate_expired", {}),
    "gate_rejected": ("gate_failed", {}),
    "gate_expired": ("cancelled_by_person", {}),
    "model_refused": ("model_bad_schema", {}),
    "model_bad_schema": ("model_refused", {}),
    "model_budget": ("model_rate_limited", {}),
    "model_rate_limited": ("github_rate_limited", {}),
    "github_unauthorized": ("github_forbidden", {}),
    "github_forbidden": ("github_unauthorized", {}),
    "github_not_found": ("github_invalid", {}),
    "github_invalid": (
        "github_invalid",
        {
            '"status": 422': '"status": 418',
            "with 422": "with 418",
            '"status": "422"': '"status": "418"',
            '"code": "github_invalid"': '"code": "github_refused"',
        },
    ),
    "github_rate_limited": ("model_rate_limited", {}),
    "github_unavailable": ("unclear_write", {}),
    "unclear_write": ("github_unavailable", {}),
    "anchor_rejected": ("anchor_too_many", {}),
    "lease_lost": ("github_unavailable_overcome", {}),
    "worker_killed": ("lease_lost", {}),
    "worker_fenced": ("worker_killed", {}),
    "worker_crashed": ("disk_full", {}),
    "losses_exhausted": ("worker_killed", {}),
    "out_of_memory": ("cpu_limit", {}),
    "timed_out": ("sandbox_memory", {}),
    "cpu_limit": ("sandbox_timeout", {}),
    "output_limit": ("sandbox_memory", {}),
    "program_crashed": (
        "program_crashed",
        {'"killed_by": null, "exit_code": null': '"killed_by": null, "exit_code": 1'},
    ),
    "disk_full": ("disk_full", {'"errno": 28': '"errno": 13'}),
    "database_lost": ("github_unavailable", {}),
    "checkpoint_unreadable": ("worker_killed", {}),
    "superseded": ("cancelled_by_person", {}),
    "cancelled_by_person": ("superseded", {}),
    "head_moved": ("superseded", {}),
    "paused": ("cancelled_by_person", {}),
    "configuration_invalid": ("first_error", {}),
    "queue_starved": ("queue_starved", {'"run_seconds": 0.2': '"run_seconds": 7200'}),
    "first_error": ("gate_failed", {}),
    "seen_before": ("worker_crashed", {}),
    "diverged": ("worker_crashed", {}),
}


def test_every_rule_has_a_story_that_is_near() -> None:
    """One that has much of what the rule looks for, but not that."""
    assert set(NEAR) == set(RULES)


@pytest.mark.parametrize("rule", NEAR)
def test_a_rule_is_silent_on_a_story_that_is_near(rule: str) -> None:
    """It names something else, or nothing."""
    story, changes = NEAR[rule]
    assert rule not in found(told(story, **changes))


def test_an_outage_that_a_refusal_followed_is_not_the_cause() -> None:
    """What failed the step counts for more than what came before and passed."""
    assert found(told("retry_then_invalid"))[0] == "github_invalid"


def test_the_kills_are_named_where_they_used_up_the_chances() -> None:
    """The first sentence says how many, in which step, and that they were killed."""
    sentence = told("losses_exhausted").causes[0].sentence
    assert "2 workers were lost over it in step review" in sentence
    assert "each of them killed" in sentence


def test_a_failed_gate_tells_its_findings() -> None:
    """By severity, without those that were put aside, the worst with their places."""
    cause = told("gate_failed_findings").causes[0]
    assert "the review found 2 errors, 1 warning" in cause.sentence
    places = [one.place for one in cause.evidence]
    assert "src/app.py:12" in places
    assert "src/c.py:1" not in places


def test_evidence_names_the_event_and_the_line_of_code() -> None:
    """So that a person can look both up."""
    cause = told("github_unauthorized").causes[0]
    first = cause.evidence[0]
    assert first.event_id.startswith("run/run_")
    assert first.event_id.split(":")[1].split(".")[0] == str(first.seq)
    assert first.place.startswith(("bot/", "core/"))


def test_an_old_error_without_facts_is_known_by_its_words() -> None:
    """Histories from before failures were written have causes too."""
    document: dict[str, Any] = json.loads(json.dumps(recorded("github_unauthorized")))
    for line in document["events"]:
        line["data"].pop("failure", None)
    cause = analyse(story_of(document)).causes[0]
    assert (cause.name, cause.confidence) == ("github_unauthorized", "certain")
    assert "POST /repos/octo/hello/pulls/1/reviews with 401" in cause.sentence


def test_a_run_that_succeeded_says_so_and_warns() -> None:
    """That nothing failed is not said beside a cause."""
    analysis = told("github_unavailable_overcome")
    assert "The run succeeded" in analysis.outcome
    assert "nothing failed" not in analysis.outcome
    assert analysis.causes[0].confidence == "possible"
    assert analysis.causes[0].sentence.endswith("A later try got through.")


def test_what_changed_since_the_last_green_run() -> None:
    """The first step that came out differently first, then head and settings."""
    analysis = told("seen_before")
    assert analysis.against == "run_0c"
    assert [one.what for one in analysis.changed] == [
        "first step that came out differently",
        "added `/findings/0`",
        "head",
        "override fail_on",
        "program",
        "decided by policy.fail_on",
    ]
    assert analysis.changed[0].step == "review"


def test_steps_that_look_alike_are_told_to_differ_in_their_state() -> None:
    """Two times the same words would say that nothing changed."""
    story = story_of(recorded("seen_before"))
    assert story.green is not None
    ours = {one.step: one for one in story.steps}
    alike = tuple(
        replace(ours[one.step], digest=f"{one.digest}x") if one.step in ours else one
        for one in story.green.steps
    )
    first = changed(replace(story, green=replace(story.green, steps=alike)))[0]
    assert first.before == ""
    assert first.after.endswith(", with another state")


def test_what_was_not_decided_is_no_change() -> None:
    """A run that failed before its gates did not turn them off."""
    story = story_of(recorded("seen_before"))
    assert story.green is not None
    policy = story.setup.decided_by["policy"]
    gates = {"policy": policy, "gates": {"approval": True}}
    green = replace(
        story.green, setup=replace(story.green.setup, decided_by=gates), diverged=()
    )
    told = [one.what for one in changed(replace(story, green=green))]
    assert not [one for one in told if one.startswith("decided by")]


def test_an_error_seen_before_tells_where_and_whether_trying_again_helped() -> None:
    """Of two earlier runs one was green in the end."""
    (cause,) = [one for one in told("seen_before").causes if one.name == "seen_before"]
    assert "2 earlier runs" in cause.sentence
    assert "octo/other" in cause.sentence
    assert "1 failed, 1 succeeded" in cause.sentence
    assert "helped in 1 of 2" in cause.next_action


COMMAND = re.compile(r"`nofx ((?:[a-z]+ ?)+)")


def commands() -> dict[str, set[str]]:
    """Return the commands of the program, those of a group by its name."""
    program = typer.main.get_command(app)
    assert isinstance(program, Group)
    return {
        name: set(command.commands) if isinstance(command, Group) else set()
        for name, command in program.commands.items()
    }


@pytest.mark.parametrize("name", names())
def test_next_actions_name_commands_that_there_are(name: str) -> None:
    """A person at three in the morning types what stands there."""
    known = commands()
    for cause in analyse(story_of(recorded(name))).causes:
        for words in COMMAND.findall(cause.next_action):
            first, *more = words.split()
            assert first in known
            if known[first]:
                assert more
                assert more[0] in known[first]


def test_a_check_that_is_not_green_is_not_said_to_be_whole() -> None:
    """Something was not reviewed, though nothing went wrong."""
    story = story_of(recorded("nothing_failed"))
    (whole,) = analyse(story).causes
    assert "left out" in whole.sentence
    run = replace(story.run, conclusion="neutral", outcome="README.md was not read")
    (cause,) = analyse(replace(story, run=run)).causes
    assert cause.name == "nothing_failed"
    assert "neutral: README.md was not read" in cause.sentence
    assert "not reviewed" in cause.next_action


def test_evidence_names_the_line_that_was_logged() -> None:
    """Of the same step, by its number in the bundle's merged log."""
    lines = [one for one in told("logged").causes[0].evidence if one.line]
    assert [(one.line, one.place) for one in lines] == [(7, "bot/github/wire.py:170")]


def test_words_that_rules_know_are_those_that_are_written() -> None:
    """The pipeline says them, and rules cannot import it."""
    assert github_desk.STALE == endings.STALE
    assert review_draft.TOO_MANY.startswith(effects.NOT_SENT)


def test_a_process_that_wrote_while_it_should_have_reported_was_not_killed() -> None:
    """Its run stalled, whatever it does later: nobody can look past the last entry."""
    document = recorded("losses_exhausted")
    taken = [
        line["time"]
        for line in document["events"]
        if line["data"].get("transition") == "lose_lease"
    ]
    wrote = dict.fromkeys(document["wrote_last"], max(taken))
    analysis = analyse(story_of({**document, "wrote_last": wrote}))
    assert "worker_killed: likely" in document["causes"]
    assert "worker_killed" not in found(analysis)
    assert "lease_lost" in found(analysis)
    assert "killed" not in analysis.causes[0].sentence
