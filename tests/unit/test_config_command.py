"""`nofx config`: the file is checked as compilers check, and its schema printed."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from bot.cli.app import app
from core.review.config import FILE, ReviewConfig, published_schema
from core.review.config_reading import LARGEST, read_config

ROOT = Path(__file__).parents[2]


def nofx(*arguments: str) -> tuple[int, str, str]:
    """Run a command and return its exit code and what it printed."""
    result = CliRunner().invoke(app, ["config", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_schema_is_printed() -> None:
    """It is the published one."""
    code, printed, _ = nofx("schema")
    assert (code, json.loads(printed)) == (0, published_schema())


def test_problems_are_printed_as_compilers_do(tmp_path: Path) -> None:
    """File, line and column open the line; an error ends in 1."""
    file = tmp_path / "nofx.yml"
    file.write_text("drafts: maybe\nbudgit: 1\n")
    code, printed, _ = nofx("check", str(file))
    first, second = printed.splitlines()
    assert code == 1
    assert first.startswith(f"{file}:1:9: error: drafts: Input should be")
    assert second.startswith(f"{file}:2:1: warning: budgit: this key is not known")


def test_a_warning_alone_is_no_failure(tmp_path: Path) -> None:
    """A file for a newer nofx is told of, and used."""
    file = tmp_path / "nofx.yml"
    file.write_text("budgit: 1\n")
    code, printed, _ = nofx("check", str(file))
    assert code == 0
    assert "is budget meant?" in printed


def test_the_file_of_this_folder_is_checked_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stands in a checkout names nothing; without a file it is said."""
    monkeypatch.chdir(tmp_path)
    code, _, said = nofx("check")
    assert code == 2
    assert FILE in said
    assert "Traceback" not in said
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text("drafts: true\n")
    assert nofx("check")[:2] == (0, f"{FILE}: nothing is wrong.\n")


def test_a_file_that_is_too_large_is_told(tmp_path: Path) -> None:
    """It is not read to its end."""
    file = tmp_path / "nofx.yml"
    file.write_text("#" * (2 * LARGEST))
    code, printed, _ = nofx("check", str(file))
    assert code == 1
    assert "more than 65536 bytes" in printed


def test_the_example_in_the_readme_is_true() -> None:
    """It is read without a problem, and shows every key that there is."""
    (text,) = re.findall(
        r"^```yaml\n(review:\n.*?)^```",
        (ROOT / "README.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    read = read_config(text.encode())
    assert read.problems == ()
    Draft202012Validator(published_schema()).validate(
        read.config.model_dump(mode="json")
    )
    for name in ReviewConfig.model_fields:
        assert re.search(rf"^{name}:", text, re.MULTILINE), name


def test_our_own_file_is_right() -> None:
    """In it this repository asks for nothing that nofx does not know."""
    read = read_config((ROOT / FILE).read_bytes())
    assert read.problems == ()
    for glob in read.config.paths.exclude:
        assert list(ROOT.glob(glob)), glob
