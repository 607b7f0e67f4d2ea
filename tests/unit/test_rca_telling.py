"""What is kept of a run for its causes, however long it is."""

from core.events import schema
from core.events.base import Payload
from core.rca.telling import Telling
from core.runs import decide, step_moves
from tests.fakes.commits import Story


def progress(done: int) -> schema.StepProgressed:
    """Return one of very many events that say little."""
    return schema.StepProgressed(step="one", done=done, of=10, unit="files", attempt=1)


def failed(story: Story) -> Payload:
    """Return the end of a step by an error."""
    failure = schema.Failure(code="github_invalid", status=422, fingerprint="f" * 16)
    end = step_moves.step_ended(story.run, "one", "fail", error="GitHub said no")
    return end.model_copy(update={"failure": failure})


def begun() -> Story:
    """Return a run that a worker has claimed, and that is at its first step."""
    story = Story()
    claim = decide.moved(story.run, "claim", actor="w")
    assert isinstance(claim, schema.RunStateChanged)
    story.add(claim.model_copy(update={"program": "nofx/1"}))
    story.add(*step_moves.step_started(story.run, "one"))
    return story


def telling_of(story: Story, **bounds: int) -> Telling:
    """Return the fold of a run, taken a commit at a time."""
    telling = Telling("run_1", **bounds)
    for commit in story.commits:
        telling.take([commit])
    return telling


def test_all_is_told_of_a_short_run() -> None:
    """Each event with its id, its place and who wrote it."""
    story = begun()
    story.add(failed(story), decide.moved(story.run, "fail", actor="w"))
    telling = telling_of(story)
    assert [one.id for one in telling.told] == [
        *("run/run_1:1.0", "run/run_1:2.0", "run/run_1:3.0"),
        *("run/run_1:4.0", "run/run_1:4.1"),
    ]
    assert {one.writer for one in telling.told} == {"w_1"}
    assert (telling.left_out, telling.writers) == (0, {"w_1": 4})
    assert telling.run == story.run
    assert [*telling.fingerprints] == ["f" * 16]
    assert telling.setup({}).programs == ("nofx/1",)


def test_what_says_little_is_let_go_first() -> None:
    """Of many events the failure, the moves and the claim stay, wherever they are."""
    story = begun()
    story.add(*map(progress, range(50)))
    story.add(failed(story))
    story.add(*map(progress, range(50)))
    story.add(decide.moved(story.run, "fail", actor="w"))
    telling = telling_of(story, most=8)
    kinds = [one.event.type for one in telling.told]
    assert kinds == [
        *("run.created", "run.state_changed", "step.started"),
        *("step.progressed",) * 3,
        *("step.finished", "run.state_changed"),
    ]
    assert len(telling.told) + telling.left_out == 105


def test_of_too_many_failures_the_first_and_the_last_stay() -> None:
    """The middle is left out, and counted."""
    story = begun()
    for _ in range(30):
        story.add(*step_moves.steps_put_back(story.run, "back_off", "away"))
        story.add(*step_moves.step_started(story.run, "one"))
    telling = telling_of(story, most=10)
    put_back = [one for one in telling.told if one.event.type == "step.retried"]
    assert len(telling.told) == 10
    assert put_back[0].seq == 4
    assert put_back[-1].seq == len(story.commits) - 1


def test_large_events_are_bounded_by_their_size() -> None:
    """One large one stays, and pushes out what says less."""
    story = begun()
    story.add(*map(progress, range(100)))
    telling = telling_of(story, most_bytes=3000)
    assert sum(one.event.size() for one in telling.told) <= 3000
    assert telling.told[0].event.type == "run.created"


def test_a_step_is_told_as_it_came_out_last() -> None:
    """With the state behind it; a failed one has none."""
    story = begun()
    captured = schema.CheckpointCaptured(
        checkpoint_id="cp_1", kind="after", step="one", digest="sha256:aa"
    )
    done = step_moves.step_ended(story.run, "one", "succeed", summary="ok", seconds=2)
    following = step_moves.step_started(story.run, "two")
    before = captured.model_copy(update={"kind": "before", "step": "two"})
    story.add(done, captured, *following, before)
    story.add(step_moves.step_ended(story.run, "two", "fail", error="no"))
    one, two = telling_of(story).steps
    assert (one.step, one.status, one.digest) == ("one", "succeeded", "sha256:aa")
    assert (one.summary, one.seconds) == ("ok", 2)
    assert (two.step, two.status, two.digest) == ("two", "failed", "")


def test_a_step_that_a_gate_holds_is_told_with_its_state() -> None:
    """It waits for a person; the checkpoint is that of what it left."""
    story = begun()
    held = step_moves.step_held(story.run, "one", "approval")
    waits = schema.CheckpointCaptured(
        checkpoint_id="cp_1", kind="before", step="one", digest="sha256:aa"
    )
    story.add(*held, waits)
    (one,) = telling_of(story).steps
    assert (one.status, one.digest) == ("held", "sha256:aa")
    assert "approval" in one.summary


def test_what_decided_names_the_model() -> None:
    """Before that the last call does; a state that says nonsense says nothing."""
    story = begun()
    called = schema.ModelCalled(
        request_model="rules",
        input_tokens=0,
        output_tokens=0,
        cost_usd=0,
        wall_seconds=0,
        cpu_seconds=0,
        peak_memory_bytes=0,
    )
    story.add(called)
    telling = telling_of(story)
    assert telling.setup({}).model == "rules"
    decided = {"model": {"name": "large"}, "policy": {}}
    assert telling.setup({"decided_by": decided}).model == "large"
    assert telling.setup({"decided_by": decided}).decided_by == decided
    assert telling.setup({"decided_by": "nonsense"}).decided_by == {}
