"""`nofx review` finds the change, prints the report and fails as it was told."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.settings import environment
from core.review.findings import Severity
from tests.fakes.cli_service import FakeService
from tests.fakes.git_repository import GitRepository
from tests.fakes.reports import DIFF, UNREAD, a_finding, a_report


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Start with no setting, in an empty folder, and put the log back afterwards."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def review(
    service: FakeService, *options: str, stdin: bytes = DIFF, dry: bool = True
) -> Result:
    """Run `nofx review`."""
    arguments = ["review", *(["--dry-run"] if dry else []), *options]
    return CliRunner().invoke(app, arguments, obj=service, input=stdin)


def test_a_diff_from_a_pipe_is_reviewed() -> None:
    """The findings stand under the code of the diff that came in."""
    service = FakeService(report=a_report(a_finding()))
    shown = review(service, "--diff", "-")
    assert shown.exit_code == 1
    assert "error src/app.py:11 Hard-coded password" in shown.stdout
    assert '│     password = "hunter2"' in shown.stdout
    assert shown.stderr == ""
    assert service.change is not None
    assert service.change.diff == DIFF


def test_two_refs_of_a_repository_are_reviewed(tmp_path: Path) -> None:
    """--head is HEAD unless it is given."""
    repository = GitRepository(tmp_path / "repo")
    repository.commit({"a.py": "1\n"})
    head = repository.commit({"a.py": "2\n"}, branch="feature")
    service = FakeService()
    options = ("--repo", str(repository.path), "--base", "main")
    assert review(service, *options, "--head", "feature").exit_code == 0
    assert service.change is not None
    assert (service.change.head_sha, dict(service.change.files)) == (
        head,
        {"a.py": b"2\n"},
    )
    empty = review(service, *options)
    assert empty.exit_code == 2
    assert "There is no change between main and HEAD." in empty.stderr


def test_an_event_is_reviewed(tmp_path: Path) -> None:
    """GitHub's payload names the commits of the clone."""
    repository = GitRepository(tmp_path / "repo")
    base = repository.commit({"a.py": "1\n"})
    head = repository.commit({"a.py": "2\n"}, branch="feature")
    pull = {"title": "T", "base": {"sha": base}, "head": {"sha": head}}
    payload = {"pull_request": pull, "repository": {"full_name": "octo/hello"}}
    event = tmp_path / "event.json"
    event.write_text(json.dumps(payload))
    service = FakeService()
    options = ("--event", str(event), "--repo", str(repository.path))
    assert review(service, *options).exit_code == 0
    assert service.change is not None
    assert service.change.repository == "octo/hello"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Say what to review"),
        (("--base", "main", "--diff", "-"), "Say what to review"),
        (("--diff", "-", "--head", "x"), "--head goes together with --base"),
        (("--diff", "-", "--repo", "."), "--diff needs no --repo"),
        (("--base", "main"), "There is no usable git repository"),
        (("--diff", "missing.diff"), "missing.diff cannot be read"),
        (("--event", "missing.json"), "missing.json cannot be read"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    options: tuple[str, ...], said: str
) -> None:
    """Nothing is reviewed, and the reader knows why."""
    service = FakeService()
    shown = review(service, *options)
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert shown.stdout == ""
    assert service.calls == []


def test_without_dry_run_it_says_who_posts() -> None:
    """Posting is the service's work."""
    shown = review(FakeService(), "--diff", "-", dry=False)
    assert shown.exit_code == 2
    assert "Posting is the service's work" in shown.stderr


def test_an_empty_diff_is_told() -> None:
    """Nothing to review is bad input."""
    shown = review(FakeService(), "--diff", "-", stdin=b"\n")
    assert shown.exit_code == 2
    assert "There is no change in standard input." in shown.stderr


@pytest.mark.parametrize(
    ("severity", "limit", "code"),
    [
        (Severity.INFO, "info", 1),
        (Severity.INFO, "warning", 0),
        (Severity.WARNING, "warning", 1),
        (Severity.WARNING, "error", 0),
        (Severity.ERROR, "warning", 1),
        (Severity.ERROR, "never", 0),
    ],
)
def test_fail_on_sets_the_exit_code(severity: Severity, limit: str, code: int) -> None:
    """The least severe finding that counts is chosen by the user."""
    service = FakeService(report=a_report(a_finding(severity)))
    shown = review(service, "--diff", "-", "--fail-on", limit)
    assert shown.exit_code == code


@pytest.mark.parametrize("form", ["json", "markdown", "sarif", "github", "text"])
def test_output_goes_to_a_file_whole(tmp_path: Path, form: str) -> None:
    """Standard output stays empty, and what was there is replaced in one step."""
    file = tmp_path / "out"
    file.write_text("old")
    file.chmod(0o640)
    service = FakeService(report=a_report(a_finding(Severity.INFO), unread=UNREAD))
    options = ("--diff", "-", "--format", form, "--output", str(file))
    shown = review(service, *options)
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "Hard-coded password" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert shown.stderr == "Coverage: partial, 3 of 5 hunks. This is why\n"


def test_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The report is lost, so the exit code says so, and no rest lies about."""
    for file in (tmp_path / "no" / "out", tmp_path):
        shown = review(FakeService(), "--diff", "-", "--output", str(file))
        assert shown.exit_code == 2
        assert "cannot be written" in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_several_forms_come_of_one_review(tmp_path: Path) -> None:
    """A workflow wants annotations, a summary and files, and one review for all."""
    service = FakeService(report=a_report(a_finding()))
    summary, sarif = tmp_path / "summary.md", tmp_path / "a=b.sarif"
    outputs = ("--output", f"markdown={summary}", "--output", f"sarif={sarif}")
    shown = review(service, "--diff", "-", "--format", "github", *outputs)
    assert shown.stdout.startswith("::error file=src/app.py,line=11")
    assert '+    password = "hunter2"' in summary.read_text()
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    assert len(service.calls) == 1
    plain = tmp_path / "sarif.txt"
    shown = review(service, "--diff", "-", "--output", str(plain), *outputs)
    assert (shown.stdout, plain.read_text()[:5]) == ("", "error")


def test_two_forms_do_not_go_to_one_place(tmp_path: Path) -> None:
    """What would be lost is told before anything is reviewed."""
    service = FakeService()
    for options, said in (
        (("a.txt", "b.txt"), "--output without a form can be given once."),
        (("json=a.txt", "a.txt"), "Each --output needs a file of its own."),
    ):
        given = [part for one in options for part in ("--output", one)]
        shown = review(service, "--diff", "-", *given)
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert said in shown.stderr
    assert service.calls == []
    assert not list(tmp_path.iterdir())


def test_output_may_be_a_device() -> None:
    """/dev/null and pipes are written to, not replaced."""
    shown = review(FakeService(), "--diff", "-", "--output", "/dev/null")
    assert shown.exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_a_dotenv_file_of_the_checkout_is_not_read() -> None:
    """It may belong to the change that is under review."""
    Path(".env").write_text("NOFX_MODEL=evil\n")
    service = FakeService()
    assert review(service, "--diff", "-").exit_code == 0
    assert service.settings is not None
    assert service.settings.model == "rules"
