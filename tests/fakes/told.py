"""Stories of runs as a reader of the journal would tell them, and what they show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.rca.cause import Analysis, Cause, Changed, Confidence, Evidence, Moment
from core.rca.story import Before, Budget, Setup, StepEnd, Story
from core.runs.model import Gate, Run, Subject
from core.runs.states import Status

BEGAN = datetime(2026, 11, 29, 3, 12, 8, tzinfo=UTC)
RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
GREEN = "run_01hxq8c2v7w3m9b4n6ryg5t0kc"
HOSTILE = "</style><script>alert(1)</script>\x1b[31m\u202e<img src=//evil>"


def run_of(status: Status = Status.FAILED) -> Run:
    """Return a run of a pull request that came to its end."""
    return Run(
        id=RUN,
        family=RUN,
        subject=Subject(repository="octo/hello", pull=7, head_sha="4f2c9a1be07d" * 3),
        created_at=BEGAN,
        queued_at=BEGAN,
        due_at=BEGAN,
        status=status,
        trail=(Status.QUEUED, Status.RUNNING, status),
        head_seq=41,
        steps={"snapshot": "succeeded", "publish": "failed"},
        gates={
            "static_analysis": Gate(status="passed", reason="nothing at or above error")
        },
        outcome="GitHub refused the review",
        finished_at=BEGAN + timedelta(seconds=172),
    )


def step(name: str, seconds: float, summary: str, status: str = "succeeded") -> StepEnd:
    """Return how a step came out."""
    return StepEnd(
        step=name,
        status=status,
        summary=summary,
        digest=f"{len(name):02x}" * 32,
        seconds=seconds,
    )


STEPS = (
    step("snapshot", 1.204, "12 files, 41 hunks"),
    step("analyze", 3.87, "2 remarks of ruff"),
    step("review", 48.6, "5 findings proposed by rules"),
    step("verify", 0.012, "1 filtered, 4 anchored"),
    step(
        "publish",
        96.2,
        "GitHub did not accept the request (422): Line is bad",
        "failed",
    ),
)


def failed_story() -> Story:
    """Tell of a run that GitHub would not take the review of."""
    return Story(
        run=run_of(),
        as_of=BEGAN + timedelta(seconds=172),
        told=(),
        steps=STEPS,
        setup=Setup(
            model="rules",
            programs=("nofx/0.1.0 python/3.11.7 linux",),
            overrides={"min_confidence": 0.5},
        ),
        before=(
            Before(
                run_id="run_01hx0000000000000000000000",
                repository="octo/hello",
                pull=5,
                fingerprint="ab12",
                status="failed",
                outcome="as now",
                created_at=BEGAN - timedelta(days=3),
                finished_at=BEGAN - timedelta(days=3, seconds=-90),
            ),
        ),
        budget=Budget(run_seconds=7200, step_seconds=900, lease_seconds=60),
    )


def moment(
    seq: int, at: float, after: float, words: str, weight: str = "info"
) -> Moment:
    """Return one line of the timeline, so many seconds after the beginning."""
    return Moment(
        seq=seq,
        event_id=f"run/{RUN}:{seq}.0",
        time=BEGAN + timedelta(seconds=at),
        after_seconds=after,
        words=words,
        weight=weight,
    )


def failed_analysis() -> Analysis:
    """Return what the story amounts to."""
    return Analysis(
        outcome="The run failed in publish, 2 min 52 s after it was asked for.",
        causes=(
            Cause(
                name="github_invalid",
                sentence="GitHub refused the review with 422: a comment names a line"
                " that the diff does not show.",
                confidence=Confidence.CERTAIN,
                next_action="Look at the comment on src/app.py:88; then rerun:"
                f" nofx runs rerun {RUN}",
                evidence=(
                    Evidence(
                        words="publish ended with github_invalid, HTTP status 422",
                        event_id=f"run/{RUN}:38.0",
                        seq=38,
                        place="bot/github/wire.py:88",
                    ),
                    Evidence(words="POST /pulls/7/reviews was refused", line=212),
                ),
                began_at=BEGAN + timedelta(seconds=76),
                explains=frozenset({"anchor_rejected"}),
            ),
            Cause(
                name="seen_before",
                sentence="The same error ended a run of octo/hello#5 three days ago.",
                confidence=Confidence.POSSIBLE,
                next_action="See how that one was solved.",
                evidence=(),
                began_at=BEGAN,
            ),
        ),
        timeline=(
            moment(1, 0, 0, "asked for by a push"),
            moment(2, 1.1, 1.1, "claimed by worker-1"),
            moment(5, 2.4, 1.3, "snapshot succeeded: 12 files, 41 hunks"),
            moment(9, 6.3, 3.9, "analyze succeeded"),
            moment(20, 55, 48.7, "review succeeded: 5 findings"),
            moment(30, 76, 21, "publish put off: 422", "warning"),
            moment(38, 171, 95, "publish failed: GitHub refused the review", "error"),
            moment(41, 172, 1, "failed", "error"),
        ),
        changed=(
            Changed(
                what="programs",
                before="nofx/0.0.9 python/3.11.7 linux",
                after="nofx/0.1.0 python/3.11.7 linux",
            ),
            Changed(
                what="/comments",
                before="4 comments",
                after="none",
                step="publish",
            ),
        ),
        against=f"{GREEN}, green 2 d before",
    )


def long_story(count: int) -> tuple[Story, Analysis]:
    """Tell of a run of very many moments, of which few matter."""
    names = ("asked", "read", "wrote", "waited")
    moments = tuple(
        moment(
            at + 1,
            at * 1.7,
            1.7 if at else 0,
            f"{names[at % 4]} piece {at}",
            "warning" if at % 97 == 96 else "info",
        )
        for at in range(count)
    )
    ended = BEGAN + timedelta(seconds=count * 1.7)
    story = replace(
        failed_story(),
        run=replace(run_of(), finished_at=ended),
        as_of=ended,
        left_out=count * 9,
        steps=tuple(
            step(f"step-{at:03}", 0.3 + at % 7, f"did {at}") for at in range(60)
        ),
    )
    return story, replace(failed_analysis(), timeline=moments)
