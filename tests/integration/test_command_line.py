"""The command line with everything behind it: real git, database and analyzers."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.settings import environment
from core.review import report
from core.review.config import FILE
from tests.fakes.git_repository import GitRepository

SCHEMA = Path(report.__file__).with_name("report.schema.json")


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


def nofx(*arguments: str) -> Result:
    """Run one command line with the installed nofx behind it."""
    return CliRunner().invoke(app, list(arguments))


def test_a_real_review_of_real_commits(
    monkeypatch: pytest.MonkeyPatch, mongodb_url: str, tmp_path: Path
) -> None:
    """The JSON is valid by its schema, names the bug, and the exit code is 1."""
    monkeypatch.setenv("MONGODB_URL", f"{mongodb_url}command_line")
    repository = GitRepository(tmp_path / "repo")
    repository.commit({"app.py": "def run(words):\n    return words\n"})
    bug = "def run(words):\n    return eval(words)\n"
    repository.commit({"app.py": bug}, branch="feature")
    shown = nofx(
        *("review", "--dry-run", "--repo", str(repository.path)),
        *("--base", "main", "--head", "feature"),
        *("--format", "json", "--fail-on", "warning"),
    )
    assert shown.exit_code == 1, shown.output
    printed = json.loads(shown.stdout)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(printed)
    assert printed["coverage"]["state"] == "reviewed"
    assert [(one["path"], one["line"]) for one in printed["findings"]] == [
        ("app.py", 2)
    ]


def test_a_dry_run_is_as_the_base_commit_says(
    monkeypatch: pytest.MonkeyPatch, mongodb_url: str, tmp_path: Path
) -> None:
    """What is excluded there is counted apart, and its problems go to the terminal."""
    monkeypatch.setenv("MONGODB_URL", f"{mongodb_url}command_line_config")
    repository = GitRepository(tmp_path / "repo")
    said = "paths: {exclude: [vendor/]}\nfuture: 1\n"
    repository.commit({"app.py": "a = 1\n", FILE: said})
    head = {"vendor/a.py": "eval(input())\n", "app.py": "a = 2\n", FILE: "drafts: 1\n"}
    repository.commit(head, branch="feature")
    shown = nofx(
        *("review", "--dry-run", "--repo", str(repository.path)),
        *("--base", "main", "--head", "feature", "--format", "json"),
    )
    printed = json.loads(shown.stdout)
    assert printed["coverage"]["excluded"] == ["vendor/a.py"]
    assert printed["findings"] == []
    assert "line 2, column 1: future: this key is not known" in shown.stderr


def test_migrate_twice_changes_nothing_the_second_time(
    monkeypatch: pytest.MonkeyPatch, mongodb_url: str
) -> None:
    """An operator can run it at every deployment."""
    monkeypatch.setenv("MONGODB_URL", f"{mongodb_url}command_line_migrate")
    first = nofx("migrate")
    assert (first.exit_code, "journal" in first.stdout) == (0, True), first.output
    second = nofx("migrate")
    assert (second.exit_code, second.stdout) == (0, "Nothing to change.\n")
