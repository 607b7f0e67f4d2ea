"""A real model, in a file of this machine: whatever it says, the review is honest.

It has 135 million parameters and understands nothing. That makes it a good witness of
what a review must survive.
"""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.doctor.model import QUESTION
from bot.model_values import ModelName
from bot.models.chats.local import LocalChat, LocalServers
from core.clock import SystemClock
from core.errors import ModelFileError, ModelUnavailableError
from tests.fakes.road import REPO, RISKY, built_road, driving
from tests.fakes.waiting import eventually
from tests.judges.local_model import fetched

# A quiet core needs some ten seconds; one of many busy ones takes minutes.
pytestmark = [pytest.mark.local_model, pytest.mark.timeout(900)]
SECONDS = 600
# Room for the question, and for an answer of some hundred tokens.
BUDGET = 1000


@pytest.fixture
async def servers() -> AsyncIterator[LocalServers]:
    """Give the servers of a process, and end them with it."""
    servers = LocalServers()
    yield servers
    await servers.close()


def chat_of(path: Path, servers: LocalServers) -> LocalChat:
    """Return the chat that a file answers."""
    called = ModelName(provider="local", model=str(path))
    return LocalChat(called, servers, seconds=SECONDS, clock=SystemClock())


def child_of(chat: LocalChat) -> int:
    """Return the process id of the server."""
    child = chat._process._child
    assert child is not None
    return child.pid


async def test_a_file_answers_in_the_form_that_is_asked_for(
    servers: LocalServers,
) -> None:
    """Its server is started by the first question, and comes back when it is gone."""
    chat = chat_of(fetched(), servers)
    assert chat.context == 8192
    first = await chat.ask(QUESTION)
    assert first.model == chat.name == "local:SmolLM2-135M-Instruct.Q4_1.gguf"
    assert "".join(first.text.split()) in {'{"there":true}', '{"there":false}'}
    assert first.usage.output_tokens > 0
    assert first.usage.cost_usd == 0
    killed = child_of(chat)
    os.kill(killed, signal.SIGKILL)
    assert chat._process._child is not None
    chat._process._child.wait()
    assert (await chat.ask(QUESTION)).text == first.text
    assert child_of(chat) != killed
    last = chat._process._child
    await servers.close()
    assert last is not None
    await eventually(lambda: last.poll() is not None)


async def test_a_file_that_is_no_model_is_named(
    servers: LocalServers, tmp_path: Path
) -> None:
    """At once if it is none, by its server's last words if it is damaged inside."""
    plain = tmp_path / "plain.gguf"
    plain.write_text("not a model")
    for path in (plain, tmp_path / "missing.gguf", tmp_path):
        with pytest.raises(ModelFileError, match=path.name):
            chat_of(path, servers)
    half = tmp_path / "half.gguf"
    with fetched().open("rb") as whole:
        half.write_bytes(whole.read(3_000_000))
    chat = chat_of(half, servers)
    with pytest.raises(ModelUnavailableError, match="did not start"):
        await chat.ask(QUESTION)


async def test_a_pull_request_is_reviewed_end_to_end(
    mongodb_url: str, tmp_path: Path
) -> None:
    """Comments stand on changed lines, and it is said which model reviewed."""
    model = f"local:{fetched()}"
    async with built_road(tmp_path, mongodb_url, "local_model") as road:
        road.settings = road.settings.model_copy(
            update={"model": model, "model_seconds": SECONDS, "review_tokens": BUDGET}
        )
        async with driving(road, workers=1):
            number = await road.open_pull()
            check = await road.until_checked(number, seconds=SECONDS)
            (summary,) = road.summaries(number)
            comments = road.github.review_comments(REPO, number)
            (run,) = await road.until_runs_end()
    assert run["status"] in {"succeeded", "gate_failed"}
    shown = f"{check['output']['title']}\n{check['output']['summary']}\n{summary}"
    assert "local:SmolLM2-135M-Instruct.Q4_1.gguf" in shown
    assert "Rules only" not in shown
    assert str(tmp_path) not in shown
    assert str(fetched().parent) not in shown
    changed = range(3, len(RISKY.splitlines()) + 1)
    assert all(comment["line"] in changed for comment in comments)
    assert any("shell" in comment["body"] for comment in comments)
    assert check["conclusion"] in {"failure", "neutral"}
