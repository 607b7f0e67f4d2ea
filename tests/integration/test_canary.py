"""Secrets that people paste are nowhere afterwards, and are still warned of."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from typing_extensions import override

from bot.models import catalog
from bot.models.rules import RulesReviewer
from bot.setting_values import LogLevel
from core.access.tokens import Scope
from core.memory.model import Scope as Whose
from core.review.findings import Proposal, Severity
from core.review.reviewer import ReviewAnswer, ReviewRequest
from tests.fakes.canaries import Canaries, documents, files, seen
from tests.fakes.log_lines import production_log
from tests.fakes.memory import message
from tests.fakes.road import REPO, SECRET, Road, built_road, driving

TOKEN_LINE, KEY_LINE = 3, 9


@dataclass
class Quoting(RulesReviewer):
    """The rules, and a model's habit of quoting what it read, and what it should not.

    `asked` is what it was shown.
    """

    rules: RulesReviewer
    canaries: Canaries
    asked: list[ReviewRequest] = field(default_factory=list)

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        self.asked.append(request)
        answer = await self.rules.review(request)
        quoted = Proposal(
            path="app.py",
            line=2,
            severity=Severity.WARNING,
            confidence=0.9,
            rule="model:quote",
            title=f"Rotate {self.canaries.token}",
            body=f"I remember this:\n\n{self.canaries.text()}",
            suggestion=f"token = '{self.canaries.token}'",
            source="model",
        )
        return replace(answer, proposals=(*answer.proposals, quoted))


@dataclass(kw_only=True)
class Planted:
    """A stage whose pull request is full of secrets."""

    road: Road
    canaries: Canaries
    models: list[Quoting]
    folder: Path
    number: int = 0


@pytest.fixture
async def planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Planted]:
    """Give a repository and people who paste; nothing runs yet."""
    canaries, models = Canaries.made(own=SECRET), list[Quoting]()
    rules = catalog.MODELS["rules"]

    def quoting(equipment: catalog.Equipment) -> Quoting:
        made = Quoting(cast("RulesReviewer", rules(equipment)), canaries)
        models.append(made)
        return made

    monkeypatch.setitem(cast("dict[str, Any]", catalog.MODELS), "rules", quoting)
    folder = tmp_path / "data"
    async with built_road(tmp_path, "mongodb://127.0.0.1:1/", "none") as road:
        own = {"mongodb_url": None, "data_dir": folder}
        road.settings = road.settings.model_copy(update=own)
        yield Planted(road=road, canaries=canaries, models=models, folder=folder)


def _app(canaries: Canaries) -> str:
    """Return a file with a risk on line 2, a token on 3 and a key from line 9 on."""
    return (
        "import subprocess\n"
        f"subprocess.run('echo {canaries.token}', shell=True)\n"
        f'TOKEN = "{canaries.token}"\n'
        f'AWS = "{canaries.aws_id}", "{canaries.aws_secret}"\n'
        f'OWN = "{canaries.own}"\n\n'
        'print("between")\n\n'
        f'KEY = """{canaries.key}"""\n'
        'print("behind")\n'
    )


async def _paste(planted: Planted) -> None:
    """Let people paste everything everywhere, and the bot work it off."""
    road, canaries = planted.road, planted.canaries
    text = canaries.text()
    changed: dict[str, str | bytes | None] = {
        "app.py": _app(canaries),
        "notes.md": text,
        ".github/workflows/ci.yml": (
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
            f"      - run: curl -H 'Authorization: token {canaries.token}' x\n"
        ),
    }
    road.repository.commit(changed, f"Add {canaries.token}\n\n{text}", branch="feature")
    planted.number = await road.github.open_pull(
        REPO,
        base="main",
        head="feature",
        title=f"Use {canaries.token}",
        body=f"Please look.\n\n{text}",
    )
    await road.until_checked(planted.number)
    for said in (f"/nofx status\n\n{text}", f"By the way: {text}", f"/nofx {text}"):
        await road.github.comment(REPO, planted.number, said)
    await road.until_quiet()
    # A line goes, and the secrets around it are shown once more, as they were.
    moved = _app(canaries).replace('print("between")\n', "")
    await road.push(planted.number, {"app.py": moved})
    await road.until_checked(planted.number)
    await road.github.comment(REPO, planted.number, f"/nofx waive secrets {text}")
    await road.until_quiet()
    await road.until_runs_end()


async def test_a_planted_secret_is_nowhere_afterwards(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in the database's files, the log, a prompt, an event, memory or a comment."""
    with production_log(LogLevel.DEBUG) as logged:
        async with driving(planted.road) as road:
            await _paste(planted)
            places = await _kept(road, planted.canaries)
    places += [("log", logged.stream.getvalue()), ("output", capsys.readouterr().out)]
    places += files(planted.folder)
    places += _said(planted)
    places += _prompts(planted)
    needles = planted.canaries.needles()
    found = {f"{kind} in {at}" for at, one in places for kind in seen(one, needles)}
    assert found == set()
    assert {"memory", "events", "log", "prompt", "said"} <= {at for at, _ in places}


async def test_a_secret_that_a_refusal_quotes_is_nowhere_afterwards(
    planted: Planted,
) -> None:
    """Not in what is kept of the exchange, nor in why the step failed."""
    road, canaries = planted.road, planted.canaries
    road.github.faults.add(
        kind="422",
        method="POST",
        path=r"/pulls/1/reviews$",
        times=9,
        words=f"Refused: {canaries.text()}",
    )
    with production_log(LogLevel.DEBUG) as logged:
        async with driving(road):
            await road.until_checked(await road.open_pull())
            (run,) = await road.until_runs_end()
            assert run["status"] == "failed"
            places = await _kept(road, canaries)
    places += [("log", logged.stream.getvalue()), *files(planted.folder)]
    assert any("Refused: " in one for _, one in places if isinstance(one, str))
    needles = canaries.needles()
    found = {f"{kind} in {at}" for at, one in places for kind in seen(one, needles)}
    assert found == set()


async def _kept(road: Road, canaries: Canaries) -> list[tuple[str, bytes | str]]:
    """Return all that the database holds, unpacked and opened, and what is told."""
    assert road.bot is not None
    base = road.bot.base
    memory = base.memory.opened()
    session = await memory.of(Whose(kind="repository", repository=REPO))
    await memory.append(session.id, [message(canaries.text())])
    items = [str(item.content) for item in await memory.read(session.id)]
    assert "[masked:" in items[0]
    remembered = [("memory", one) for one in items]
    told = [("events", await _events(road))]
    return [*remembered, *told, *await documents(base.database)]


def _prompts(planted: Planted) -> list[tuple[str, bytes | str]]:
    """Return all that the model was shown."""
    asked = [request for model in planted.models for request in model.asked]
    whole = [("prompt", repr(one)) for one in asked]
    files = [(path, data) for one in asked for path, data in one.files.items()]
    return [*whole, *files]


async def test_a_planted_secret_is_still_warned_of_on_its_line(
    planted: Planted,
) -> None:
    """The finding says what kind it is; beside it other findings stand as ever."""
    async with driving(planted.road):
        await _paste(planted)
    comments = planted.road.github.review_comments(REPO, planted.number)
    ours = [one for one in comments if one["path"] == "app.py"]
    warned = [one for one in ours if "This looks like a secret" in one["body"]]
    tokens = [one for one in warned if "github-pat" in one["body"]]
    assert [one["original_line"] for one in tokens] == [TOKEN_LINE - 1, TOKEN_LINE]
    keys = [one for one in warned if "private-key" in one["body"]]
    # A finding on a long block stands where the block opens.
    assert [one["original_line"] for one in keys] == [KEY_LINE]
    assert any("shell" in one["body"] for one in ours)
    assert not any("```suggestion" in one["body"] for one in ours)


async def _events(road: Road) -> str:
    assert road.bot is not None
    issued = await road.bot.base.tokens.create([Scope.READ], repositories=[REPO])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    texts, after = list[str](), dict[str, str]()
    async with aiohttp.ClientSession(road.bot.url, headers=headers) as session:
        while True:
            async with session.get("/events", params={"limit": 500, **after}) as answer:
                texts.append(await answer.text())
            page = json.loads(texts[-1])
            if page["next"] is None:
                return "\n".join(texts)
            after = {"after": page["next"]}


def _said(planted: Planted) -> list[tuple[str, bytes | str]]:
    """Return all that the bot said at GitHub."""
    github, number = planted.road.github, planted.number
    comments = [
        *github.issue_comments(REPO, number),
        *github.review_comments(REPO, number),
    ]
    ours = [one["body"] for one in comments if one["user"]["login"] == "nofx[bot]"]
    assert ours
    checks = github.check_runs(REPO, planted.road.head(number))
    said = [*ours, *(json.dumps(one, ensure_ascii=False) for one in checks)]
    return [("said", one) for one in said]
