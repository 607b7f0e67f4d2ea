"""`nofx findings` on a real database: see, decide, and be told what cannot be."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.base import opened
from bot.settings import load_settings
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.seen_reviews import seen

UNKNOWN = "finding_01hxqg5t0kc8f2v7w3m9b4n6ry"


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a database of the test's own."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        monkeypatch.setattr("getpass.getuser", lambda: "ada")
        yield url


@pytest.fixture
def found() -> list[dict[str, Any]]:
    """Let a review find two risks; gives them as the command line tells machines."""

    async def reviewing() -> None:
        async with opened(load_settings(None), warm=False) as base:
            await base.findings.settle("octo/hello", 7, seen(["risk a", "risk b"]))

    asyncio.run(reviewing())
    return listed()


def listed(*options: str) -> list[dict[str, Any]]:
    """Return what the list tells machines."""
    answer = nofx("findings", "list", "octo/hello", "7", "--json", *options)
    assert answer.exit_code == 0, answer.output
    told: list[dict[str, Any]] = json.loads(answer.stdout)["findings"]
    return told


def test_what_was_found_is_listed_and_shown(found: list[dict[str, Any]]) -> None:
    """Whole ids to copy, where it stands, and how many are open."""
    first, second = found
    lines = nofx("findings", "list", "octo/hello", "7").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == [first["id"], second["id"]]
    assert lines[-1] == "2 findings, 2 open."
    shown = nofx("findings", "show", first["id"]).stdout
    assert shown.startswith(f"{first['id']} {first['title']}\n")
    assert f"octo/hello#7 {first['path']}:{first['line']}" in shown
    assert f"/nofx explain {first['name']}" in shown
    empty = nofx("findings", "list", "octo/hello", "8")
    assert (empty.exit_code, empty.stdout) == (0, "No finding fits.\n")


@pytest.mark.parametrize(
    ("command", "state"),
    [("dismiss", "dismissed"), ("resolve", "addressed"), ("dispute", "disputed")],
)
def test_a_decision_is_kept_with_name_and_reason(
    found: list[dict[str, Any]], command: str, state: str
) -> None:
    """In the ledger, and in the audit of whoever looks."""
    first, second = found
    said = nofx("findings", command, first["id"], "--reason", "it is only ours")
    assert (said.exit_code, "it is only ours" in said.stdout) == (0, True)
    (moved,) = listed("--state", state)
    assert (moved["id"], moved["actor"]) == (first["id"], "cli:ada")
    still = [one["id"] for one in listed("--open")]
    assert (second["id"] in still, first["id"] in still) == (True, state == "disputed")
    audit = nofx("audit", "list", "--action", f"finding.{state}").stdout
    assert first["id"] in audit


def test_what_cannot_be_is_said(found: list[dict[str, Any]]) -> None:
    """An unknown finding, a repository without an owner, a word that comes too late."""
    unknown = nofx("findings", "show", UNKNOWN)
    assert (unknown.exit_code, UNKNOWN in unknown.output) == (2, True)
    odd = nofx("findings", "list", "hello", "7")
    assert (odd.exit_code, "octo/hello" in odd.output) == (2, True)
    assert nofx("findings", "dismiss", found[0]["id"]).exit_code == 2
    nofx("findings", "resolve", found[0]["id"], "--reason", "done")
    late = nofx("findings", "dismiss", found[0]["id"], "--reason", "no")
    assert late.exit_code != 0
    assert "Error: " in late.output
