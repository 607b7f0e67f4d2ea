"""`nofx memory` and `nofx audit` on a real database: look, keep, end, prove."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.base import opened
from bot.settings import load_settings
from core.audit.places import stream_of
from core.errors import MemoryOffError
from core.memory.model import Draft, Scope
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.memory import PULL, message

WORDS = "unmistakable words"
HOSTILE = "\x1b[31mred\u202e"
KEYS = f"k1:{base64.b64encode(b'1' * 32).decode()}"
UNKNOWN = f"session_{'0' * 26}"


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a database of the test's own, with a key for memory."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        monkeypatch.setenv("NOFX_MEMORY_KEYS", KEYS)
        monkeypatch.setattr("getpass.getuser", lambda: "ada")
        yield url


def said(*drafts: Draft, scope: Scope = PULL) -> str:
    """Let something be remembered; returns the session's id."""

    async def saying() -> str:
        async with opened(load_settings(None), warm=False) as base:
            memory = base.memory.opened()
            session = await memory.of(scope)
            await memory.append(session.id, drafts)
            return session.id

    return asyncio.run(saying())


def change(entry: str, field: str, value: object) -> None:
    """Change an entry of the journal behind everybody's back."""

    async def changing() -> None:
        async with opened(load_settings(None), warm=False) as base:
            journal = base.database.db["journal"]
            await journal.update_one({"_id": entry}, {"$set": {field: value}})

    asyncio.run(changing())


def told(*arguments: str) -> str:
    """Return what a command prints when all went well."""
    ended = nofx(*arguments)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def answered(*arguments: str) -> Any:
    """Return what a command prints for machines."""
    return json.loads(told(*arguments, "--json"))


def audited() -> list[tuple[str, str]]:
    """Return who did what, oldest first; not how the first key came."""
    found = answered("audit", "list")["entries"]
    acts = [(one["actor"], one["action"]) for one in reversed(found)]
    return [one for one in acts if not one[1].startswith("memory_key.")]


def test_a_list_says_whose_sessions_end_when() -> None:
    """One line each, narrowed by options; nothing of what was said."""
    one = said(message(WORDS))
    two = said(message(WORDS), scope=Scope(kind="actor", actor="Eve"))

    whole = told("memory", "list")
    narrow = told("memory", "list", "--repo", "octo/hello", "--author", "ada")

    assert [line.split()[0] for line in whole.splitlines()] == ["SESSION", two, one]
    assert "octo/hello#7" in narrow
    assert two not in narrow
    assert "in 90 d" in narrow
    assert WORDS not in whole + narrow
    assert told("memory", "list", "--held") == "No session fits.\n"


def test_a_session_is_shown_without_what_it_says() -> None:
    """Its facts, its items; with --decrypt the words, and the audit knows who read."""
    session = said(message(WORDS), message(HOSTILE, author="bob"))

    facts = told("memory", "show", session)
    items = told("memory", "show", session, "--part", "messages")
    assert "octo/hello#7" in facts
    assert "2 message" in facts
    assert [line.split()[0] for line in items.splitlines()] == ["ITEM", "1", "2"]
    assert WORDS not in facts + items
    assert audited() == []

    opened_ = told("memory", "show", session, "--part", "messages", "--decrypt")
    one = told("memory", "show", session, "--item", "1", "--decrypt")
    assert WORDS in opened_
    assert WORDS in one
    assert not {"\x1b", "\u202e"} & set(opened_)
    assert audited() == [("cli:ada", "memory.read")] * 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("--item", "1"), "--item does not fit"),
        (("--decrypt",), "--decrypt does not fit"),
    ],
)
def test_contents_are_asked_for_by_name(wrong: tuple[str, ...], says: str) -> None:
    """Neither by the way nor all at once."""
    ended = nofx("memory", "show", UNKNOWN, *wrong)

    assert ended.exit_code == 2
    assert says in ended.stderr


def test_a_session_is_held_released_renewed_and_deleted() -> None:
    """Each with a reason, which the audit keeps with the name of who did it."""
    session = said(message(WORDS))

    held = told("memory", "hold", session, "--reason", "asked by counsel")
    refused = nofx("memory", "delete", session, "--reason", "over")
    (hold,) = answered("memory", "show", session)["holds"]
    told("memory", "release", session, hold["id"], "--reason", "settled")
    told("memory", "renew", session, "--for", "2d", "--reason", "soon over")
    soon = told("memory", "expiring", "--within", "3d")
    gone = told("memory", "delete", session, "--reason", "over")

    assert "asked by counsel" in held
    assert refused.exit_code == 3
    assert "is held: asked by counsel" in refused.stderr
    assert session in soon
    assert f"{session} is ended" in gone
    assert nofx("memory", "show", session).exit_code == 2
    assert "No session" in told("memory", "expiring")
    acts = [action for actor, action in audited() if actor == "cli:ada"]
    assert acts[:3] == ["memory.hold", "memory.release", "memory.renew"]


def test_what_is_held_by_items_names_them() -> None:
    """The rest of the session ends as it would."""
    session = said(message("one"), message("two"))
    items = ("--item", "2", "--item", "1")

    shown = answered(
        *("memory", "hold", session, "--kind", "pinned", *items, "--reason", "argued")
    )

    assert shown["holds"][0]["items"] == [1, 2]
    assert shown["holds"][0]["kind"] == "pinned"


def test_without_a_key_memory_is_off_and_says_how_to_turn_it_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What can be known without it is still shown."""
    session = said(message(WORDS))
    monkeypatch.delenv("NOFX_MEMORY_KEYS")

    assert session in told("memory", "list")
    ended = nofx("memory", "show", session, "--part", "messages", "--decrypt")
    assert ended.exit_code == 3
    assert str(MemoryOffError()) in ended.stderr


def test_the_audit_is_proved_and_its_head_kept() -> None:
    """An earlier head is part of it; the next one is another."""
    session = said(message(WORDS))
    told("memory", "hold", session, "--reason", "one")
    kept = told("audit", "head").strip()
    told("memory", "hold", session, "--reason", "two")

    alone = told("audit", "verify")
    held_against = answered("audit", "verify", "--against", kept)

    assert re.match(r"Intact: \d entries in 1 volume\.\n", alone)
    assert "Not compared" in alone
    assert held_against["anchored"]
    assert held_against["head"] == told("audit", "head").strip() != kept
    assert nofx("audit", "verify", "--against", "nothing").exit_code == 2


def test_a_broken_audit_ends_with_1_and_names_the_entry() -> None:
    """So a nightly job rings."""
    session = said(message(WORDS))
    for reason in ("one", "two"):
        told("memory", "hold", session, "--reason", reason)
    change(f"{stream_of(1)}:1", "events.0.data.actor", "nobody")

    ended = nofx("audit", "verify")
    machine = nofx("audit", "verify", "--json")

    assert ended.exit_code == machine.exit_code == 1
    assert ended.stdout.startswith("BROKEN at entry 000001:1: ")
    assert json.loads(machine.stdout)["entry"] == "000001:1"


def test_the_audit_is_listed_newest_first() -> None:
    """Narrowed by who and what, with the reason; a page tells of the next."""
    session = said(message(WORDS))
    for reason in ("one", "two", HOSTILE):
        told("memory", "hold", session, "--reason", reason.replace("\x1b", ""))

    listed = told("audit", "list", "--limit", "2", "--action", "memory.hold")
    older = listed.rsplit("--before ", 1)[1].strip()

    assert "two" in listed
    assert "cli:ada" in listed
    assert "\u202e" not in listed
    assert "one" in told("audit", "list", "--before", older)
    assert told("audit", "list", "--actor", "bob") == "No entry fits.\n"


def test_what_was_said_is_taken_out() -> None:
    """First it is asked what would go; what GitHub has is left to who serves."""
    session = said(message(f"it is {WORDS}"), message("well"))
    span = ("--span", "1", "/text", "6", str(6 + len(WORDS)), "--reason", "a password")

    would = told("memory", "redact", session, *span, "--dry-run")
    none = told("memory", "redactions", session)
    assert none == f"Nothing was taken out of {session}.\n"
    assert would.startswith(f"1 item (1) of {session} would change.\n")
    assert "pending" not in would
    done = answered("memory", "redact", session, *span)
    assert (done["status"], done["actor"]) == ("pending", "cli:ada")
    left = {name for name, one in done["places"].items() if one["left"]}
    assert left == {"github"}
    listed = told("memory", "redactions", session)
    assert f"{done['id']}: 1 item (1) of {session} is going" in listed
    assert done["places"]["github"]["left"] in listed
    assert "by cli:ada" in listed
    shown = told("memory", "show", session, "--part", "messages", "--decrypt")
    assert WORDS not in shown
    assert f"[redacted:{done['id']}]" in shown

    pattern = ("--pattern", "(?i)WELL", "--reason", "x")
    again = told("memory", "redact", session, *pattern)
    assert "is gone from every place that is ours" in again
    assert "github: not searched, no text has 6 characters" in again


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ((), "give one of the three"),
        (("--message", "1", "--pattern", "x"), "give one of the three"),
        (("--pattern", r"(x)\1"), "This cannot be redacted: the pattern: invalid"),
        (("--message", "9"), "item 9 is not there"),
    ],
)
def test_what_cannot_be_taken_out_is_said(target: tuple[str, ...], says: str) -> None:
    """With the exit code for what was given wrong."""
    session = said(message(WORDS))
    ended = nofx("memory", "redact", session, *target, "--reason", "x")
    assert (ended.exit_code, says in ended.stderr) == (2, True), ended.stderr


def test_a_session_goes_out_to_a_file_and_in_elsewhere(tmp_path: Path) -> None:
    """For its owner's eyes alone; never over another file, nor into a used session."""
    session = said(message(WORDS), message("two", author="bob"))
    path = tmp_path / "session.ndjson"
    out = ("memory", "export", session)

    told(*out, "--output", str(path))
    again = nofx(*out, "--output", str(path))
    lines = told(*out)
    used = nofx("memory", "import", str(path))
    other = told(
        *("memory", "import", str(path), "--repo", "octo/other", "--pull", "8")
    )

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == lines
    assert WORDS in lines
    assert again.exit_code == 2
    assert used.exit_code == 3
    new = other.strip().splitlines()[-1]
    shown = told("memory", "show", new, "--part", "messages", "--decrypt")
    assert WORDS in shown
    assert "octo/other#8" in told("memory", "show", new)
    acts = [action for _, action in audited()]
    assert acts[:3] == ["memory.export", "memory.export", "memory.import"]


@pytest.mark.parametrize(
    "text", ["", "{}\n", '{"type": "session"}\n', "nonsense\n", "\x00\n"]
)
def test_what_is_no_export_brings_nothing_in(tmp_path: Path, text: str) -> None:
    """The first bad line is named."""
    path = tmp_path / "wrong.ndjson"
    path.write_text(text)

    ended = nofx("memory", "import", str(path))

    assert ended.exit_code == 2
    assert told("memory", "list") == "No session fits.\n"


@pytest.mark.parametrize(
    ("scope", "options"),
    [
        ({"kind": "repository", "repository": "octo/../x"}, ()),
        ({"kind": "pull", "repository": "octo/hello", "pull": -5}, ()),
        ({"kind": "pull", "repository": "octo/hello", "pull": 2**70}, ()),
        ({"kind": "actor", "actor": "eve\x1b[31m"}, ()),
        ({"kind": "installation", "installation_id": 2**70}, ()),
        ({"kind": "repository", "repository": "octo/x"}, ("--repo", "\x1b[31m")),
    ],
)
def test_an_import_begins_no_session_that_nobody_can_ask_for(
    tmp_path: Path, scope: dict[str, Any], options: tuple[str, ...]
) -> None:
    """Its file comes from elsewhere, and may say anything."""
    at = "2026-01-01T00:00:00Z"
    header = {"type": "session", "session": "s", "fork": False, "scope": scope}
    header |= {"format": "nofx-memory/1", "created_at": at, "expires_at": at}
    end = {"type": "end", "items": 0, "contents": 0}
    path = tmp_path / "hostile.ndjson"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in (header, end)))

    ended = nofx("memory", "import", str(path), *options)

    assert ended.exit_code == 2, ended.stderr
    assert "\x1b" not in ended.stderr
    assert told("memory", "list") == "No session fits.\n"
