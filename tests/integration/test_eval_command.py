"""`nofx eval` as somebody types it: over real cases, by the service's own pipeline."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.evaluating.folder import SHIPPED
from tests.fakes.cli import bare_cli, nofx


@pytest.fixture(autouse=True)
def bare(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[None]:
    """Work in an empty folder, on a fresh database."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url):
        yield


def test_rules_are_scored_over_cases(tmp_path: Path) -> None:
    """They find unsafe YAML on its line, say nothing of clean code, miss the rest."""
    for name in ("unsafe_yaml", "clean_plain", "keeps_the_least_severe"):
        shutil.copytree(SHIPPED / name, tmp_path / "cases" / name)
    files = ("--output", "scores.json", "--chart", "scores.svg")
    ended = nofx("eval", "run", "cases", "--model", "rules", *files)
    assert ended.exit_code == 0, ended.output
    assert "unsafe_yaml: 1 of 1 expected, 0 stray remarks" in ended.output
    (model,) = json.loads(Path("scores.json").read_text())["models"]
    assert (model["recall"], model["precision"], model["noise"]) == (0.5, 1.0, 0.0)
    (kept,) = [one for one in model["by_case"] if one["case"] == "unsafe_yaml"]
    assert kept["expected"][0]["on_line"] is True
    assert "50%" in Path("scores.svg").read_text()


def test_an_unknown_model_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    """With the names of those there are."""
    shutil.copytree(SHIPPED / "clean_plain", tmp_path / "cases" / "clean_plain")
    ended = nofx("eval", "run", "cases", "--model", "nobody")
    assert ended.exit_code == 2
    assert "rules" in ended.output
    assert "clean_plain" not in ended.output


def test_a_case_that_cannot_be_reviewed_is_told_and_found_nothing(
    tmp_path: Path,
) -> None:
    """A path that git does not allow makes a diff that nobody can read."""
    case = tmp_path / "cases" / "broken"
    shutil.copytree(SHIPPED / "clean_plain", case)
    (case / "change.diff").write_text("--- a\n+++ b\n@@ -1 +1,9 @@\n x\n")
    ended = nofx("eval", "run", "cases")
    assert ended.exit_code == 2
    assert "Error" in ended.output
