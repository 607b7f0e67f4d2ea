"""The README and its two neighbours say what the program does, and nothing else."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.cli.app import app
from bot.cli.exits import MEANINGS
from bot.commands.grammar import HELP
from bot.commands.handlers import CHANGING
from bot.commands.run_words import OPTIONS
from bot.commands.wishes import ALL, REPOSITORY
from bot.doctor.needs import EVENTS, PERMISSIONS
from bot.formats.form import Format
from bot.github.check_draft import Conclusion
from bot.naming import CHECK, PREFIX
from bot.schema import SCHEMA
from bot.settings import Settings, variable
from bot.webhooks.attempt import InboxPolicy
from bot.webhooks.delivery import KEPT
from bot.webhooks.receiver import PATH
from core.errors import GitHubUnavailableError
from core.live.controls import CONTROLS
from core.metrics.registry import REGISTRY
from core.metrics.shipped import alerts
from core.runs.limits import Limits
from core.runs.retries import BY_ERROR
from core.runs.states import RUN, mermaid

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / ".github/CONTRIBUTING.md"
SECURITY = ROOT / ".github/SECURITY.md"
PAGES = (README, CONTRIBUTING, SECURITY)
MAKEFILE = (ROOT / "Makefile").read_text()
NOFX = typer.main.get_command(app)
LARGEST_PICTURE = 150_000
FILES = (".json", ".diff")


def parsed(page: Path) -> list[Token]:
    """Return a page as Markdown tokens, inner ones too, in order."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    return [inner for token in tokens for inner in (token, *(token.children or []))]


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks in a language."""
    return [
        token.content.rstrip("\n")
        for token in parsed(page)
        if token.type == "fence" and token.info == language
    ]


def codes(page: Path) -> list[str]:
    """Return what stands between backticks in the text."""
    return [token.content for token in parsed(page) if token.type == "code_inline"]


def table(page: Path, *columns: str) -> list[list[str]]:
    """Return the rows of the one table that has these columns, as Markdown."""
    lines = [line.strip() for line in page.read_text().splitlines()]
    starts = [place for place, line in enumerate(lines) if cells(line) == [*columns]]
    assert len(starts) == 1, f"{len(starts)} tables {columns} in {page.name}"
    rows = []
    for line in lines[starts[0] + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    return rows


def cells(line: str) -> list[str]:
    """Return the cells of a table's row."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def programs(page: Path) -> Iterator[list[str]]:
    """Yield each program of the shell blocks with its arguments."""
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            words: list[str] = []
            for word in [*shlex.split(line, comments=True), "|"]:
                if word not in {"|", ">", ">>"}:
                    words.append(word)
                elif words:
                    yield words
                    words = []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_nofx_is_one_with_these_options(page: Path) -> None:
    """What is printed to be copied is accepted by the command line."""
    printed = [words[1:] for words in programs(page) if words[0] == "nofx"]
    named = [words[1:] for words in map(str.split, codes(page)) if words[0] == "nofx"]
    if page == README:
        assert len(printed) > 8
    for words in filter(None, [*printed, *named]):
        command: Any = NOFX
        while words and hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        # A sentence may name a command without what it needs.
        if words or not any(one.required for one in command.params):
            command.make_context(command.name, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_goal_and_variable_is_in_the_makefile(page: Path) -> None:
    """So does what is given to make."""
    goals = set(re.findall(r"^([\w.-]+):(?!=)", MAKEFILE, re.MULTILINE))
    printed = [words for words in programs(page) if words[0] == "make"]
    named = [words for words in map(str.split, codes(page)) if words[0] == "make"]
    if page != SECURITY:
        assert len(printed) > 2
    for word in (word for words in [*printed, *named] for word in words[1:]):
        variable_name, is_variable, _ = word.partition("=")
        if is_variable:
            assert f"$({variable_name})" in MAKEFILE, word
        else:
            assert word in goals


def leaves(command: Any) -> Iterator[Any]:
    """Yield the commands that do something, those of groups included."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield command
    else:
        for one in inner.values():
            yield from leaves(one)


def test_every_option_that_is_named_exists() -> None:
    """An option that went away must not live on in a sentence."""
    known = {
        option
        for command in leaves(NOFX)
        for parameter in command.params
        for option in parameter.opts
    }
    known |= {ALL, REPOSITORY, *OPTIONS}  # of commands in comments
    named = {word for code in codes(README) for word in code.split()}
    assert {word for word in named if word.startswith("--")} <= known


def test_the_settings_are_all_there_with_their_defaults() -> None:
    """The table names every variable once, in the order of the settings."""
    rows = table(README, "variable", "default", "what")
    fields = Settings.model_fields
    assert [row[0] for row in rows] == [f"`{variable(name)}`" for name in fields]
    for (_, shown, _), (name, field) in zip(rows, fields.items(), strict=True):
        if field.default_factory is not None:
            assert (name, shown) == ("cache_dir", "`~/.cache/nofx`")
        elif field.default in (None, ()):
            assert shown == "unset"
        else:
            default = field.default
            plain = str(default).lower() if isinstance(default, bool) else default
            assert shown == f"`{plain}`"


def test_variables_that_are_named_exist() -> None:
    """Nobody sets what nothing reads."""
    known = {variable(name) for name in Settings.model_fields}
    for page in PAGES:
        named = set(re.findall(r"\bNOFX_[A-Z_]+|\bMONGODB_URL\b", page.read_text()))
        assert named <= known, page.name


def test_the_run_diagram_is_drawn_from_the_table() -> None:
    """The README's states are the program's, row by row."""
    assert mermaid(RUN) in blocks(README, "mermaid")


def test_the_commands_in_comments_are_all_there() -> None:
    """The table says of each what the bot's own help says."""
    rows = table(README, "comment", "what it does")
    assert rows == [[f"`{PREFIX} {verb}`", what] for verb, what in HELP.items()]
    assert set(list(HELP)[5:]) == CHANGING


def test_the_app_asks_for_what_the_list_says() -> None:
    """Permissions and events are those of app.yml and of the doctor."""
    manifest = yaml.safe_load((ROOT / "app.yml").read_text())
    rows = table(README, "permission", "access", "for")
    listed = {name.strip("`"): access for name, access, _ in rows}
    assert listed == manifest["default_permissions"] == PERMISSIONS
    text = README.read_text()
    (line,) = re.findall(r"^- Events: (.+?)\.$", text, re.MULTILINE | re.DOTALL)
    events = re.findall(r"`(\w+)`", line)
    assert events == manifest["default_events"]
    assert set(events) == EVENTS
    assert f"`https://YOUR-HOST{PATH}`" in text


def test_exit_codes_and_formats_are_all_there() -> None:
    """Scripts rely on the first, and choose among the second."""
    codes_shown = table(README, "code", "meaning")
    assert codes_shown == [[str(code.value), word] for code, word in MEANINGS.items()]
    formats = [row[0] for row in table(README, "format", "for")]
    assert formats == [f"`{one}`" for one in Format]


def test_conclusions_and_the_name_of_the_check_are_right() -> None:
    """Branch protection asks for the name, letter by letter."""
    shown = {row[0].strip("`") for row in table(README, "conclusion", "when")}
    assert shown <= {one.value for one in Conclusion}
    assert f"status check\n`{CHECK}`" in README.read_text()


def test_metrics_and_log_events_exist() -> None:
    """An alert on a name that nothing writes would never ring."""
    samples = {one.name for family in REGISTRY.collect() for one in family.samples}
    families = {family.name for family in REGISTRY.collect()}
    named = [code for code in codes(README) if re.fullmatch(r"nofx_\w+", code)]
    assert len(named) == 4
    assert set(named) <= samples | families | {f"{one}_total" for one in families}
    sources = "".join(
        path.read_text()
        for room in ("bot", "core")
        for path in ROOT.glob(f"{room}/**/*.py")
    )
    logged = [code for code in codes(README) if re.fullmatch(r"[a-z]+\.[a-z]+", code)]
    events = [
        code
        for code in logged
        if code not in CONTROLS
        and not code.endswith(FILES)
        and not (ROOT / code).exists()
    ]
    assert len(events) == 10
    for event in events:
        assert re.search(rf'\(\s*"{re.escape(event)}"', sources), event


def test_the_frames_of_a_stream_are_all_there() -> None:
    """Whoever listens handles each of them."""
    rows = [row[0].strip("`") for row in table(README, "frame", "means")]
    assert set(rows) == {"no name", *CONTROLS}


def test_the_alerts_are_counted() -> None:
    """As many as there are rules."""
    rules = yaml.safe_load(alerts())
    count = sum(len(group["rules"]) for group in rules["groups"])
    assert f"`nofx metrics alerts` {count}\nrules" in README.read_text()


def test_numbers_are_the_programs() -> None:
    """Days and attempts that an operator plans with."""
    text = README.read_text()
    assert f"Deliveries go {KEPT.days} days after" in text
    assert f"| {KEPT.days} days after" in SECURITY.read_text()
    assert f"tried {InboxPolicy().most_attempts} times" in text
    attempts = BY_ERROR[GitHubUnavailableError].attempts
    assert f"meets an outage of GitHub {attempts} times" in text
    assert Limits().run_seconds == 2 * 3600
    assert "is not done two hours after it" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_tree_leads_somewhere(page: Path) -> None:
    """Files are there, headings too, and a linked test stands in the linked file."""
    tokens = parsed(page)
    headings = {
        re.sub(r"[^\w-]", "", after.content.lower().replace(" ", "-"))
        for before, after in pairwise(tokens)
        if before.type == "heading_open"
    }
    for place, token in enumerate(tokens):
        if token.type != "link_open":
            continue
        link = urlsplit(str(token.attrs["href"]))
        if link.scheme:
            assert link.scheme == "https"
            continue
        if not link.path:
            assert link.fragment in headings
            continue
        target = page.parent / link.path
        assert target.is_file(), link.path
        label = tokens[place + 1].content
        if label.startswith("test_"):
            assert f"def {label}(" in target.read_text(), label


def test_pictures_are_small_and_there_in_both_colours() -> None:
    """A page that is slow to load is not read."""
    pictures = re.findall(r'src(?:set)?="([^"]+)"', README.read_text())
    dark, bright = pictures[::2], pictures[1::2]
    assert dark == [one.replace(".png", "-dark.png") for one in bright]
    assert len(bright) == 2
    for picture in pictures:
        data = (ROOT / picture).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < LARGEST_PICTURE


def test_the_table_of_rooms_is_complete() -> None:
    """Every folder is explained, and no folder that is gone."""
    listed = [
        row[0].strip("`").rstrip("/") for row in table(CONTRIBUTING, "folder", "what")
    ]
    assert len(listed) == len(set(listed))
    for room in ("bot", "core", "tests"):
        there = {
            str(folder.relative_to(ROOT))
            for folder in (ROOT / room).iterdir()
            if any(folder.glob("*.py")) or any(folder.glob("*/*.py"))
        }
        assert {one for one in listed if one.startswith(f"{room}/")} == there


def test_every_collection_is_accounted_for() -> None:
    """Who answers for the data is told where it lies."""
    rows = table(SECURITY, "what", "where", "how long")
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    assert listed == {spec.name for spec in SCHEMA.collections}


def test_files_that_are_named_exist() -> None:
    """Who is sent to a file finds it."""
    for page in PAGES:
        for code in codes(page):
            if re.fullmatch(r"(?:bot|core|tests|\.ci)/[\w./-]+", code):
                assert (ROOT / code).exists(), f"{code} in {page.name}"
