"""A run's findings as API and command line tell them, the filtered ones too."""

from typer.testing import CliRunner

from bot.api.answers.run_findings import FindingState, RunFindings, findings_of
from bot.api.question import Question
from bot.cli.app import app
from bot.cli.runs import finding_words as words
from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit
from core.review.findings import Finding, Severity
from core.review.verify import Fate, Judged
from core.runs.part_moves import finding_moved
from core.runs.states import FINDING
from tests.fakes.cli_service import FakeService
from tests.fakes.clock import NOON

RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


def judged(number: int, fate: Fate, reason: str = "", doubt: str = "") -> Judged:
    """Return a finding with its fate, named by its number."""
    finding = Finding(
        path="a.py",
        line=number + 1,
        severity=Severity.WARNING,
        confidence=0.5,
        rule="rule",
        title=f"Title {number}",
        body="",
        source="model",
        fingerprint=f"{number:032x}",
    )
    return Judged(finding=finding, fate=fate, reason=reason, doubt=doubt)


def commit(*events: Payload) -> Commit:
    """Return one commit with these events."""
    return Commit(
        stream="run/r",
        seq=1,
        time=NOON,
        events=events,
        writer="w",
        wseq=1,
        stored_hash="0" * 64,
    )


def test_the_states_are_those_of_the_table() -> None:
    """What the API can be asked for is what there is."""
    assert {one.value for one in FindingState} == set(FINDING.states())


def test_the_history_says_more_than_the_fate() -> None:
    """What was posted since, and why one was not; another run's is told by the fate."""
    names = [f"{at:032x}" for at in range(4)]
    history = [
        commit(
            finding_moved(
                schema.FindingFiltered, names[0], "proposed", reason="it is refuted"
            ),
            finding_moved(
                schema.FindingDemoted, names[1], "anchored", reason="too many"
            ),
            finding_moved(schema.FindingSummarised, names[1], "unanchored"),
        )
    ]
    found = findings_of(
        [
            judged(0, Fate.FILTERED, "stale"),
            judged(1, Fate.ANCHORED),
            judged(2, Fate.ANCHORED, doubt="perhaps"),
            judged(3, Fate.FILTERED, "the parent said so").finding,
        ],
        {names[0]: "filtered", names[1]: "summarised"},
        history,
        {names[2]: 77},
    )
    assert [(one.state, one.reason) for one in found] == [
        ("filtered", "it is refuted"),
        ("summarised", "too many"),
        ("posted", ""),
        ("proposed", ""),
    ]
    assert (found[2].comment_id, found[2].doubt) == (77, "perhaps")


def test_words_give_each_its_reason() -> None:
    """A title cannot command a terminal, and nothing is an answer too."""
    listed = findings_of(
        [judged(1, Fate.FILTERED, "it is\x1b[2J refuted", "perhaps")], {}, [], {}
    )
    shown = words.findings(RunFindings(findings=listed))
    assert "\x1b" not in shown
    assert "filtered" in shown
    assert "in doubt: perhaps" in shown
    assert shown.endswith("\n1 finding.\n")
    assert words.findings(RunFindings(findings=[])) == "No finding fits.\n"


def test_the_command_asks_for_them() -> None:
    """In words, and as JSON as the API answers it."""
    listed = findings_of([judged(1, Fate.FILTERED, "why")], {}, [], {})
    answer = RunFindings(findings=listed)
    service = FakeService(answer=answer)
    shown = CliRunner().invoke(
        app, ["runs", "findings", RUN, "--state", "filtered"], obj=service
    )
    assert (shown.exit_code, shown.stdout) == (0, words.findings(answer))
    ((_, question),) = service.calls
    assert isinstance(question, Question)
    assert (question.method, question.path) == ("GET", "/runs/{run_id}/findings")
    assert question.query == {"state": "filtered"}
    plain = CliRunner().invoke(app, ["runs", "findings", RUN, "--json"], obj=service)
    assert RunFindings.model_validate_json(plain.stdout) == answer
