"""The report of a run reads as people need it at three in the morning."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from core.events.schema import StepProgressed
from core.rca.analysis import analyse
from core.rca.report import markdown
from core.rca.story import StateChange, Told
from tests.fakes.rca_stories import names, recorded, story_of


def report(name: str, **changes: str) -> str:
    """Return the report of a recorded story, in whose text words were changed."""
    text = json.dumps(recorded(name), ensure_ascii=False)
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    story = story_of(json.loads(text))
    return markdown(story, analyse(story))


def section(text: str, title: str) -> list[str]:
    """Return the lines of a section that say something."""
    _, _, rest = text.partition(f"## {title}\n")
    return [line for line in rest.split("\n## ")[0].split("\n") if line]


def test_the_first_screen_tells_cause_change_and_next_step() -> None:
    """In this order, under the run, the pull request and how it ended."""
    screen = report("seen_before").split("\n")[:40]
    assert screen[0].startswith("# Run `run_")
    assert screen[0].endswith("of `octo/hello#1`")
    assert screen[2].startswith("**The run failed after ")
    heads = [line for line in screen if line.startswith("## ")]
    assert heads[:3] == [
        "## Probable cause",
        "## What changed since run `run_0c`",
        "## Next",
    ]


def test_the_probable_cause_says_how_sure_it_is_and_what_shows_it() -> None:
    """With the event, its entry, and the line of code."""
    cause, first, *_ = section(report("github_unauthorized"), "Probable cause")
    assert cause.startswith("`github_unauthorized` (certain): GitHub refused POST ")
    assert "(entry " in first
    assert ".py:" in first


def test_what_changed_names_the_step_the_head_and_the_settings() -> None:
    """Each with what it was and what it is."""
    changed = section(report("seen_before"), "What changed since run `run_0c`")
    assert any("`review`" in line and "failed" in line for line in changed)
    assert any(line.startswith("- head: `ccc") for line in changed)
    assert "- override fail_on: `not set` → `warning`" in changed


def test_what_differs_in_the_states_is_named_by_paths_to_be_read() -> None:
    """A pointer stands as it is, with none of its strokes escaped."""
    story = story_of(recorded("seen_before"))
    assert story.green is not None
    changes = (
        StateChange(
            step="review", path="/head_sha", kind="changed", words='was "a", is "b"'
        ),
        StateChange(step="review", path="", kind="changed", words="was 1, is 2"),
        StateChange(
            step="review", path="/a`b/_c_", kind="moved", words="was at /d/*e*"
        ),
    )
    green = replace(story.green, diverged=changes)
    story = replace(story, green=green)
    lines = section(markdown(story, analyse(story)), "What changed since run `run_0c`")
    assert '- changed `/head_sha` (step `review`): `was "a", is "b"`' in lines
    assert "- changed the whole state (step `review`): `was 1, is 2`" in lines
    assert "- moved `/a'b/_c_` (step `review`): `was at /d/*e*`" in lines


def test_what_could_not_be_read_is_told() -> None:
    """Else nobody knew that the causes were found without it."""
    story = replace(story_of(recorded("seen_before")), gaps=("the log of step `x`",))
    text = markdown(story, analyse(story))
    assert section(text, "What could not be read") == ["- the log of step `x`"]


def test_without_a_green_run_it_says_so() -> None:
    """Nothing is compared with nothing."""
    lines = section(report("gate_failed"), "What changed since the last green run")
    assert lines == [
        "No run of this pull request or repository was green before this one."
    ]


def test_every_recorded_story_fits_the_first_screen() -> None:
    """The next action stands within forty lines."""
    for name in names():
        lines = report(name).split("\n")
        assert lines.index("## Next") + 2 < 40, name


def test_the_other_causes_follow() -> None:
    """Each with its own evidence."""
    others = section(report("losses_exhausted"), "Other causes")
    assert others[0].startswith("- `worker_killed` (likely): ")
    assert others[1].startswith("  - `run/run_")


def test_steps_tell_what_they_used() -> None:
    """Time, processor, programs' memory: one row a step."""
    rows = section(report("sandbox_memory"), "Steps")
    assert rows[0].startswith("| Step | State | Tries |")
    review = next(row for row in rows if row.startswith("| review "))
    assert "512.0 MiB" in review


def test_gates_and_decisions_are_told() -> None:
    """With who decided and why."""
    lines = section(report("gate_rejected"), "Gates")
    assert any("static_analysis" in line and "rejected" in line for line in lines)
    assert any("alice: reject static_analysis" in line for line in lines)


def test_refused_writes_are_told() -> None:
    """With GitHub's own words."""
    lines = section(report("github_invalid_write"), "Writes to GitHub")
    assert any("failed" in line and "with 422" in line for line in lines)


def test_a_long_timeline_is_folded() -> None:
    """What went wrong stays in it, the rest of the middle is counted."""
    story = story_of(recorded("github_unavailable"))
    start = story.told[-1].time
    many = tuple(
        Told(
            id=f"run/x:{100 + at}.0",
            seq=100 + at,
            time=start + timedelta(seconds=at),
            writer="w",
            event=StepProgressed(
                step="publish", done=at, of=3000, unit="file", attempt=3
            ),
        )
        for at in range(3000)
    )
    text = markdown(
        folded := replace(story, told=(*many[:1500], *story.told, *many[1500:])),
        analyse(folded),
    )
    rows = section(text, "Timeline")
    assert len(rows) < 200
    assert any(row.endswith(" more |") for row in rows)


def test_what_could_not_be_collected_is_told() -> None:
    """By collector, in words in which nothing acts."""
    story = story_of(recorded("gate_failed"))
    text = markdown(story, analyse(story), errors=[("logs", "gone <b>@octocat</b>")])
    (line,) = section(text, "What could not be collected")
    assert line.startswith("- `logs`: gone &lt;b>@&#8203;octocat&lt;/b")


def test_words_from_outside_are_shown_and_do_nothing() -> None:
    """GitHub's reason may hold anything at all."""
    evil = "<img src=x> @octocat ![a](https://a.example/b.png) `"
    text = report("github_unauthorized", **{"Bad credentials": evil})
    assert "<img" not in text
    assert "@octocat" not in text
    assert "![" not in text


def edited(name: str, **values: Any) -> Mapping[str, Any]:
    """Return a recorded story's document with other values."""
    return {**recorded(name), **values}


def test_events_that_were_left_out_are_counted() -> None:
    """The reader knows that the timeline is not all of it."""
    story = story_of(edited("gate_failed", left_out=96_000))
    rows = section(markdown(story, analyse(story)), "Timeline")
    assert "96000 events of the run are not told here" in rows[-1]
