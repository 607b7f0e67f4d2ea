"""What was reviewed before is not reviewed again, and nobody can tell by the answer."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from typing_extensions import override

from bot.pipeline.recorded import LARGEST as LARGEST_RECORD
from bot.pipeline.recorded import Recorded, Records
from bot.pipeline.remembered import Answers
from core.errors import ModelUnavailableError, StoreUnavailableError
from core.events.base import JSON
from core.review.findings import Proposal, Severity
from core.review.hunks import parse_diff
from core.review.reviewer import (
    ReviewAnswer,
    ReviewModel,
    ReviewRequest,
    Said,
    Usage,
)
from core.runs.work import KEPT, LARGEST, Work, key_of
from core.store.blobs import Blobs, Digest
from core.store.database import Database
from tests.fakes.clock import FakeClock

SECRET = "hunter2"


class Counting(ReviewModel):
    """A reviewer that remarks on every file, and remembers which it was shown."""

    def __init__(self, *, is_model: bool = False, version: str = "1") -> None:
        self.asked: list[list[str]] = []
        self.spent: list[Usage] = []
        self.said: Said | None = None
        self._is_model = is_model
        self._version = version

    @property
    @override
    def name(self) -> str:
        return "counting"

    @property
    @override
    def version(self) -> str:
        return self._version

    @property
    @override
    def is_model(self) -> bool:
        return self._is_model

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        paths = [file.path for file in request.diff.files]
        self.asked.append(paths)
        self.spent.append(request.spent)
        await request.read(len(paths))
        unread = {
            hunk.id: "by chance"
            for file in request.diff.files
            for hunk in file.hunks[1:]
        }
        proposals = tuple(
            Proposal(
                path=path,
                line=1,
                severity=Severity.INFO,
                confidence=1,
                rule="r",
                title=f"{path} says {SECRET}",
                body=request.files.get(path, b"").decode(),
                source="counting",
            )
            for path in paths
        )
        return ReviewAnswer(
            proposals=proposals,
            unread=unread,
            usage=Usage(input_tokens=len(paths)),
            said=self.said,
        )


def request(files: Mapping[str, str], title: str = "Title") -> ReviewRequest:
    """Return a request about files whose only line is new; two hunks each."""
    diff = "".join(
        f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -1 +1 @@\n-old\n+{text}\n@@ -9 +9 @@\n-old\n+more\n"
        for path, text in files.items()
    )
    return ReviewRequest(
        repository="octo/hello",
        title=title,
        description="",
        diff=parse_diff(diff.encode()),
        files={path: text.encode() for path, text in files.items()},
    )


@pytest.fixture
async def work(database: Database, clock: FakeClock) -> Work:
    """Give an empty memory of work."""
    return Work(database, clock=clock)


@pytest.fixture
def memory(database: Database, work: Work) -> Answers:
    """Give a memory that knows one secret."""

    def mask(value: JSON) -> JSON:
        masked: JSON = json.loads(json.dumps(value).replace(SECRET, "***"))
        return masked

    records = Records(Blobs(database), mask)
    return Answers(work, lambda text: text.replace(SECRET, "***"), records)


FILES = {"a.py": "one", "b.py": "two"}


async def test_what_was_reviewed_before_counts_as_read(memory: Answers) -> None:
    """Whoever watches sees how much of the whole change is done."""
    model = Counting()
    counts: list[int] = []

    async def read(count: int) -> None:
        await asyncio.sleep(0)
        counts.append(count)

    await memory.review(model, request(FILES), "run_1")
    more = replace(request({**FILES, "c.py": "three"}), read=read)
    await memory.review(model, more, "run_2")
    assert counts == [3]


async def test_only_what_changed_is_asked_for(memory: Answers) -> None:
    """The answer is whole all the same, and says how much of it is not new."""
    model = Counting()
    first = await memory.review(model, request(FILES), "run_1")
    assert (first.count, first.reused, first.usage.input_tokens) == (2, 0, 2)
    again = await memory.review(model, request(FILES), "run_2")
    assert (again.reused, again.usage) == (2, Usage())
    assert (again.proposals, again.unread) == (first.proposals, first.unread)
    changed = await memory.review(model, request(FILES | {"b.py": "new"}), "run_3")
    assert changed.reused == 1
    assert [one.body for one in changed.proposals] == ["one", "new"]
    assert model.asked == [["a.py", "b.py"], ["b.py"]]


async def test_what_was_remembered_holds_no_secret(
    memory: Answers, database: Database
) -> None:
    """It is masked before it is kept, and comes back so."""
    answer = await memory.review(Counting(), request(FILES), "run_1")
    assert answer.proposals[0].title == "a.py says ***"
    kept = await database.db["work"].find({}).to_list(None)
    assert len(kept) == 2
    assert SECRET not in str(kept)


async def test_another_version_is_asked_again(memory: Answers) -> None:
    """A new prompt or analyzer may see what the old one did not."""
    await memory.review(Counting(), request(FILES), "run_1")
    newer = Counting(version="2")
    assert (await memory.review(newer, request(FILES), "run_2")).reused == 0


async def test_the_title_matters_to_language_models_alone(memory: Answers) -> None:
    """Rules do not read what people say of a change."""
    for model, reused in ((Counting(), 2), (Counting(is_model=True), 0)):
        await memory.review(model, request(FILES), "run_1")
        other = request(FILES, title="Another")
        assert (await memory.review(model, other, "run_2")).reused == reused


async def test_a_file_without_content_is_not_one_with_none(memory: Answers) -> None:
    """Absent and empty are two things to a reviewer."""
    model = Counting()
    empty = request({"a.py": ""})
    await memory.review(model, empty, "run_1")
    absent = replace(empty, files={})
    assert (await memory.review(model, absent, "run_2")).reused == 0


async def test_an_empty_change_is_asked_about_each_time(memory: Answers) -> None:
    """There is nothing to remember it by."""
    model = Counting()
    for _ in range(2):
        answer = await memory.review(model, request({}), "run_1")
        assert (answer.count, answer.reused) == (0, 0)
    assert model.asked == [[], []]


async def test_work_is_forgotten_after_its_time(work: Work, clock: FakeClock) -> None:
    """Reads look at the time themselves, before the database's sweep comes."""
    key = key_of(("x",))
    await work.keep("file", "run_1", {key: {"a": 1}})
    await work.keep("file", "run_2", {key: {"a": 2}})
    assert await work.done([key]) == {key: {"a": 1}}
    clock.jump(KEPT.total_seconds())
    assert await work.done([key]) == {}


async def test_a_flood_is_not_remembered(work: Work) -> None:
    """To do it again costs less than to keep it."""
    key = key_of(("x",))
    await work.keep("file", "run_1", {key: "x" * LARGEST})
    assert await work.done([key]) == {}


def test_keys_tell_parts_apart() -> None:
    """The same bytes cut elsewhere are other work."""
    assert key_of(("ab", "c")) != key_of(("a", "bc"))
    assert key_of(("ab", b"c")) == key_of((b"ab", "c"))


class Stumbling(Counting):
    """A reviewer that the first time reads nothing of `b.py`."""

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        answer = await super().review(request)
        if len(self.asked) > 1:
            return answer
        hunks = [
            hunk.id
            for file in request.diff.files
            for hunk in file.hunks
            if file.path == "b.py"
        ]
        return replace(answer, unread=dict.fromkeys(hunks, "it took too long"))


async def test_what_was_not_read_at_all_is_asked_for_again(memory: Answers) -> None:
    """What kept a reviewer from a file may be over; what it read stays known."""
    model = Stumbling()
    first = await memory.review(model, request(FILES), "run_1")
    assert set(first.unread.values()) == {"it took too long"}
    again = await memory.review(model, request(FILES), "run_2")
    assert (again.reused, set(again.unread.values())) == (1, {"by chance"})
    assert model.asked == [["a.py", "b.py"], ["b.py"]]


class Breaking(Counting):
    """A reviewer that breaks off after the first file, once."""

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        answer = await super().review(request)
        if len(self.asked) > 1:
            return answer
        hunks = (hunk.id for file in request.diff.files[1:] for hunk in file.hunks)
        first = request.diff.files[0].path
        return replace(
            answer,
            proposals=tuple(one for one in answer.proposals if one.path == first),
            unread={**answer.unread, **dict.fromkeys(hunks, "it is away")},
            broken_off=ModelUnavailableError(model="m", reason="HTTP 503"),
        )


async def test_after_an_outage_only_the_rest_is_paid_for(memory: Answers) -> None:
    """The review fails, and what was answered by then is known to the next try."""
    model = Breaking()
    with pytest.raises(ModelUnavailableError):
        await memory.review(model, request(FILES), "run_1")
    again = await memory.review(model, request(FILES), "run_1")
    assert model.asked == [["a.py", "b.py"], ["b.py"]]
    assert {one.path for one in again.proposals} == {"a.py", "b.py"}


async def test_what_was_paid_before_an_outage_counts(memory: Answers) -> None:
    """For the budget of the next try, and in what the review is said to cost."""
    model = Breaking(is_model=True)
    with pytest.raises(ModelUnavailableError):
        await memory.review(model, request(FILES), "run_1")
    again = await memory.review(model, request(FILES), "run_1")
    assert [one.input_tokens for one in model.spent] == [0, 2]
    assert again.usage.input_tokens == 2 + len(model.asked[-1])
    other = await memory.review(model, request({"c.py": "x"}), "run_2")
    assert other.usage.input_tokens == 1


async def test_what_was_paid_counts_also_when_the_step_dies_after_it(
    memory: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try asks again, and is charged with both."""
    model = Counting(is_model=True)

    async def full(*_: object) -> Recorded:
        raise StoreUnavailableError(reason="the disk is full")

    with monkeypatch.context() as here:
        here.setattr(Records, "keep", full)
        with pytest.raises(StoreUnavailableError):
            await memory.review(model, request(FILES), "run_1")
    again = await memory.review(model, request(FILES), "run_1")
    assert [one.input_tokens for one in model.spent] == [0, 2]
    assert again.usage.input_tokens == 4


async def test_what_was_really_asked_is_kept_word_for_word(
    memory: Answers, database: Database
) -> None:
    """Without secrets, and without what was remembered; nothing when all of it was."""
    model, blobs = Counting(), Blobs(database)
    first = await memory.review(model, request(FILES), "run_1")
    assert first.recorded.record is not None
    kept = await blobs.get_json(Digest(first.recorded.record))
    assert kept["request"] == {"files": ["a.py", "b.py"], "hunks": 4}
    assert kept["prompt"] is None
    assert [one["title"] for one in kept["raw"]] == ["a.py says ***", "b.py says ***"]
    assert kept["unread"] == {"a.py:1": "by chance", "b.py:1": "by chance"}
    changed = await memory.review(model, request(FILES | {"b.py": "new"}), "run_2")
    assert changed.recorded.record is not None
    other = await blobs.get_json(Digest(changed.recorded.record))
    assert other["request"]["files"] == ["b.py"]
    assert other["prompt_digest"] != kept["prompt_digest"]
    again = await memory.review(model, request(FILES), "run_3")
    assert again.recorded.record is None


async def test_a_language_models_words_are_kept(
    memory: Answers, database: Database
) -> None:
    """Prompt and answer as they were, masked, and cut with a note when very long."""
    model = Counting(is_model=True)
    model.said = Said(
        prompt=f"Read {SECRET}", raw="[", repairs=("closed",), bytes_sent=7
    )
    found = await memory.review(model, request(FILES), "run_1")
    assert found.recorded.bytes_sent == 7
    kept = await Blobs(database).get_json(Digest(str(found.recorded.record)))
    assert (kept["prompt"], kept["raw"], kept["repairs"]) == (
        "Read ***",
        "[",
        ["closed"],
    )
    model.said = Said(prompt="\x01" * LARGEST_RECORD, raw="y" * 2 * LARGEST_RECORD)
    found = await memory.review(model, request({"c.py": "x"}), "run_2")
    data = await Blobs(database).get(Digest(str(found.recorded.record)))
    assert len(data) <= LARGEST_RECORD
    assert "cut" in json.loads(data)["note"]
    assert json.loads(data)["prompt"].startswith("\x01" * 1000)
