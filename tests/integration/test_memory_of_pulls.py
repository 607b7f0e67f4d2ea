"""What is remembered of pull requests, from a comment to the next review's request."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typing_extensions import override

from bot.models import catalog
from bot.remembering import Pull
from core.memory.contents import Contents
from core.memory.model import Item, Kind, Scope, Session
from core.memory.workspace import Workspaces
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest
from tests.fakes.road import CLEAN, REPO, RISKY, Road, built_road, driving
from tests.integration.test_commands import ask

NUMBERS = count(1)
KEYS = SecretStr(f"k1:{base64.b64encode(b'1' * 32).decode()}")


class Watched(ReviewModel):
    """A language model's stand-in that keeps what it was asked, and finds nothing."""

    def __init__(self) -> None:
        self.requests: list[ReviewRequest] = []

    @property
    @override
    def name(self) -> str:
        return "watched"

    @property
    @override
    def version(self) -> str:
        return "1"

    @property
    @override
    def is_model(self) -> bool:
        return True

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        self.requests.append(request)
        await request.read(len(request.diff.files))
        return ReviewAnswer(proposals=())

    def wanted(self) -> dict[str, str]:
        """Return the preferences of the last request."""
        return {one.name: one.value for one in self.requests[-1].preferences}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Give the one reviewer of this test."""
    made = Watched()
    monkeypatch.setattr(
        catalog, "MODELS", {**catalog.MODELS, made.name: lambda _: made}
    )
    return made


@asynccontextmanager
async def a_road(
    folder: Path, mongodb_url: str, **settings: Any
) -> AsyncIterator[Road]:
    """Set a stage with a bot of these settings."""
    name = f"memory_{next(NUMBERS)}"
    async with built_road(folder, mongodb_url, name) as road:
        road.settings = road.settings.model_copy(update=settings)
        async with driving(road):
            yield road


@pytest.fixture
async def road(tmp_path: Path, mongodb_url: str, model: Watched) -> AsyncIterator[Road]:
    """Give a road on which a language model reviews, and all is remembered."""
    made = a_road(tmp_path, mongodb_url, memory_keys=KEYS, model=model.name)
    async with made as road:
        yield road


async def reviewed(road: Road, **options: Any) -> int:
    """Open a pull request, and return its number once it was reviewed."""
    number = await road.open_pull(**options)
    await again(road, number)
    return number


async def again(road: Road, number: int) -> None:
    """Wait until whatever was begun of a pull request is over."""
    await road.until_quiet()
    await road.until_checked(number)
    await road.until_runs_end()


async def session(road: Road, scope: Scope) -> Session:
    """Return the live session of a scope."""
    assert road.bot is not None
    (found,) = await road.bot.base.memory.store.of_scope(scope.key)
    return found


async def items(road: Road, scope: Scope, *kinds: Kind) -> Sequence[Item]:
    """Return what a session holds, or some kinds of it."""
    assert road.bot is not None
    found = await session(road, scope)
    read = await road.bot.base.memory.opened().read(found.id)
    return [one for one in read if not kinds or one.facts.kind in kinds]


def pull(number: int) -> Scope:
    """Return what a pull request's session belongs to."""
    return Pull(repository=REPO, number=number).scope


SHARED = Pull(repository=REPO, number=0).repository_scope


async def test_what_is_remembered_is_in_the_next_request(
    road: Road, model: Watched
) -> None:
    """As typed data, with who wants it; the pull request's before the repository's."""
    number = await reviewed(road)
    assert model.wanted() == {}
    answer = await ask(road, number, "/nofx remember width=88 because it is wide")
    assert answer.startswith("Remembered for this pull request as preference ")
    await ask(road, number, "/nofx remember --repository width=79")
    await ask(road, number, "/nofx remember --repository tone=kind")
    await ask(road, number, "/nofx rerun")
    await again(road, number)

    assert model.wanted() == {"width": "88", "tone": "kind"}
    preferences = model.requests[-1].preferences
    (width,) = [one for one in preferences if one.name == "width"]
    assert (width.set_by, width.why, width.scope) == ("alice", "it is wide", "pull")
    assert len(await items(road, SHARED, Kind.PREFERENCE)) == 2


async def test_no_checkpoint_holds_a_preference(road: Road, model: Watched) -> None:
    """The run keeps which items it was given, at which epoch, and no more."""
    number = await reviewed(road)
    await ask(road, number, "/nofx remember an unmistakable wish")
    await ask(road, number, "/nofx rerun")
    await again(road, number)
    assert "an unmistakable wish" in model.wanted().values()
    assert road.bot is not None
    base = road.bot.base
    run = await base.runs.load((await road.runs())[-1]["_id"])
    state = await base.runs.state_of(run)
    own = await session(road, pull(number))
    (preference,) = await items(road, pull(number), Kind.PREFERENCE)
    (given,) = state["recalled"]
    assert (given["session_id"], given["epoch"]) == (own.id, 0)
    assert given["items"] == [preference.seq]
    for name in ("journal", "blobs", "work", "memory", "sessions", "feed"):
        for document in await base.database.db[name].find({}).to_list(None):
            assert "unmistakable" not in str(document), name
    verdict = (await items(road, pull(number), Kind.MESSAGE))[-1]
    assert verdict.facts.lineage == (preference.seq,)
    assert verdict.facts.refs[f"given/{own.id}"] == "0"


async def test_what_is_forgotten_is_in_no_request_and_not_in_memory(
    road: Road, model: Watched
) -> None:
    """By the number that the list shows, and all of it by one word."""
    number = await reviewed(road)
    for wish in ("one", "two", "three"):
        await ask(road, number, f"/nofx remember say {wish}")
    listed = await ask(road, number, "/nofx preferences", user="eve")
    (second,) = [line for line in listed.splitlines() if "say two" in line]
    assert "`alice` on " in second
    answer = await ask(road, number, f"/nofx forget {second.split('**')[1]}")
    assert answer.startswith("Forgotten: 1 preference of this pull request")
    await ask(road, number, "/nofx rerun")
    await again(road, number)
    assert set(model.wanted().values()) == {"say one", "say three"}
    assert all("say two" not in str(one.content) for one in await items(road, pull(1)))
    await ask(road, number, "/nofx forget --all")
    assert "nothing is remembered" in await ask(road, number, "/nofx preferences")


async def test_who_may_not_write_sets_nothing(road: Road) -> None:
    """Neither does a wish without words, or a number of nothing."""
    number = await reviewed(road)
    for verb in ("remember be nice", "forget --all"):
        answer = await ask(road, number, f"/nofx {verb}", user="eve")
        assert "needs write access" in answer
    for verb in ("remember", "remember --repository", "forget", "forget one"):
        assert "could not be done" in await ask(road, number, f"/nofx {verb}")
    assert "has no item 99" in await ask(road, number, "/nofx forget 99")
    assert await items(road, pull(number), Kind.PREFERENCE) == []


async def test_a_fork_sees_its_own_session_alone(road: Road, model: Watched) -> None:
    """It reads nothing of the repository's memory, sets none, and lists none."""
    number = await reviewed(road)
    await ask(road, number, "/nofx remember --repository a private rule")
    road.repository.commit({"app.py": RISKY + "\n"}, branch="forked")
    fork = await road.github.open_pull(
        REPO, base="main", head="forked", user="bob", fork="bob/hello"
    )
    await again(road, fork)
    await ask(road, fork, "/nofx remember its own rule")
    assert "is a fork's" in await ask(road, fork, "/nofx remember --repository more")
    assert "is a fork's" in await ask(road, fork, "/nofx forget --all --repository")
    listed = await ask(road, fork, "/nofx preferences")
    assert "its own rule" in listed
    assert "private" not in listed
    await ask(road, fork, "/nofx rerun")
    await again(road, fork)

    assert list(model.wanted().values()) == ["its own rule"]
    assert (await session(road, pull(fork))).fork
    assert not (await session(road, pull(number))).fork
    assert len(await items(road, SHARED, Kind.PREFERENCE)) == 1


async def test_a_conversation_is_kept_once_whatever_comes_again(road: Road) -> None:
    """Deliveries come twice, and answers get lost on their way."""
    number = await reviewed(road)
    road.github.faults.add(
        kind="502_after_commit", method="POST", path=r"/issues/\d+/comments$"
    )
    await road.github.comment(REPO, number, "/nofx remember be brief")
    await road.until_quiet()
    await road.github.comment(REPO, number, "/nofx status")
    await road.until_quiet()
    for delivery in list(road.github.deliveries):
        if delivery.event == "issue_comment":
            await road.github.redeliver(delivery.id)
    await road.until_quiet()

    told = [
        (one.facts.role, one.facts.author, str((one.content or {})["text"])[:9])
        for one in await items(road, pull(number), Kind.MESSAGE)
    ]
    assert told[0][:2] == ("assistant", "nofx")  # the verdict
    assert told[1:] == [
        ("user", "alice", "/nofx rem"),
        ("assistant", "nofx", "Remembere"),
        ("user", "alice", "/nofx sta"),
        ("assistant", "nofx", "Run `run_"),
    ]
    assert len(await items(road, pull(number), Kind.PREFERENCE)) == 1


async def test_replies_to_nofx_are_kept_and_talk_is_not(
    tmp_path: Path, mongodb_url: str
) -> None:
    """What people say to each other is none of its business."""
    async with a_road(tmp_path, mongodb_url, memory_keys=KEYS) as road:
        number = await reviewed(road)
        (remark,) = road.github.review_comments(REPO, number)
        await road.github.reply(REPO, remark["id"], "It is only a demo.")
        await road.github.comment(REPO, number, "What do you think, Bob?")
        await road.until_quiet()

        said = [
            one
            for one in await items(road, pull(number), Kind.MESSAGE)
            if one.facts.role == "user"
        ]
        assert [one.content for one in said] == [{"text": "It is only a demo."}]
        assert said[0].facts.refs["thread"] == str(remark["id"])
        assert road.answers(number) == []


async def test_the_next_review_says_what_changed_by_content(road: Road) -> None:
    """Also after a rebase, which gives each commit another id."""
    number = await reviewed(road)
    await road.push(number, {"b.py": CLEAN})
    await again(road, number)
    assert "1 of 2 files changed since the last review" in road.summaries(number)[0]

    files = {"app.py": RISKY, "c.py": CLEAN}
    rebased = road.repository.commit(
        files, "All at once", branch="feature", start=road.base_sha
    )
    await road.github.push(REPO, number, rebased)
    await again(road, number)

    (summary,) = road.summaries(number)
    assert "0 of 2 files changed, 1 moved since the last review" in summary
    assert road.bot is not None
    own = await session(road, pull(number))
    memory = road.bot.base.memory.opened()
    workspaces = Workspaces(memory, Contents(road.bot.base.database))
    latest = await workspaces.latest(own.id)
    assert latest is not None
    assert latest.head_sha == rebased
    stored = await Contents(road.bot.base.database).of_session(own.id)
    assert len(stored) == 2


async def test_without_keys_the_review_is_done_all_the_same(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Whoever wants something remembered is told that it is not."""
    async with a_road(tmp_path, mongodb_url) as road:
        number = await reviewed(road)
        assert len(road.github.review_comments(REPO, number)) == 1
        answer = await ask(road, number, "/nofx remember be brief")
        assert "Session memory is off" in answer
        assert "Run " in await ask(road, number, "/nofx status")


async def test_with_a_wrong_key_the_review_is_done_all_the_same(
    road: Road,
) -> None:
    """Nothing is overwritten, and the key is named."""
    number = await reviewed(road)
    await ask(road, number, "/nofx remember be brief")
    before = len(await items(road, pull(number)))
    wrong = SecretStr(f"k1:{base64.b64encode(b'2' * 32).decode()}")
    road.settings = road.settings.model_copy(update={"memory_keys": wrong})
    right = road.bot
    async with driving(road):
        await road.push(number, {"b.py": CLEAN})
        await again(road, number)
        answer = await ask(road, number, "/nofx remember be long")
        assert "The memory key k1" in answer
    road.bot = right
    assert len(await items(road, pull(number))) == before


async def test_each_ruling_is_kept_and_the_files_once(
    tmp_path: Path, mongodb_url: str
) -> None:
    """The last step is done again once people have decided about its gates."""
    async with a_road(tmp_path, mongodb_url, memory_keys=KEYS) as road:
        number = await reviewed(road)
        await ask(road, number, "/nofx waive static_analysis it is a demo")
        await road.until(lambda: road.check(number)["conclusion"] == "neutral")
        await again(road, number)

        verdicts = [
            str((one.content or {})["text"]).partition(":")[0]
            for one in await items(road, pull(number), Kind.MESSAGE)
            if one.facts.refs.get("part") == "verdict"
        ]
        assert verdicts == ["failure", "neutral"]
        assert len(await items(road, pull(number), Kind.SNAPSHOT)) == 1
