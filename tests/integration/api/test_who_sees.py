"""Whatever way events are read, a token is shown those of its repositories alone."""

from collections.abc import Awaitable, Callable

import pytest

from tests.fakes.api import ApiStage
from tests.fakes.streaming import Stream, feeding, happen, listening

Subjects = set[str | None]
Way = Callable[[ApiStage, str], Awaitable[Subjects]]
HELLO, OTHER, LAST = "octo/hello#1", "octo/other#2", "zoo/last#3"


async def happened(api: ApiStage) -> None:
    """Let something happen in two repositories, in none, and in one that all see."""
    await api.stage.ask()
    await api.stage.ask("b", repository="octo/other", pull=2)
    await happen(api, "x/1", range(1, 2))
    await api.stage.ask("c", repository="zoo/last", pull=3)


def subjects(stream: Stream) -> Subjects:
    """Return whom the events of a stream are about."""
    return {one.value["subject"] for one in stream.messages if one.name == "message"}


async def heard(stream: Stream) -> Subjects:
    """Listen until the last event has come."""
    await stream.until(lambda one: LAST in subjects(one))
    return subjects(stream)


async def listed(api: ApiStage, secret: str, narrowed: str = "") -> Subjects:
    """Read the list once everything stands in it."""
    await happened(api)
    while True:
        path = f"/events?limit=500{narrowed}"
        answer = await api.ask(path, secret=secret)
        seen: Subjects = {one["subject"] for one in answer.body["events"]}
        if LAST in seen:
            return seen


async def searched(api: ApiStage, secret: str) -> Subjects:
    """Search for types that every stream here has."""
    return await listed(api, secret, "&order=desc&type=run.*,pull.*")


async def replayed(api: ApiStage, secret: str) -> Subjects:
    """Listen to what has happened."""
    await happened(api)
    async with listening(api, "/events/stream?after=0", secret=secret) as stream:
        return await heard(stream)


async def live(api: ApiStage, secret: str) -> Subjects:
    """Listen to what happens."""
    async with listening(api, "/events/stream", secret=secret) as stream:
        await stream.until_live()
        await happened(api)
        return await heard(stream)


async def by_ticket(api: ApiStage, secret: str) -> Subjects:
    """Listen as a browser's page does."""
    await happened(api)
    made = await api.ask("/events/tickets", method="POST", secret=secret)
    path = f"{made.body['url']}&last_event_id=0"
    async with listening(api, path, secret="") as stream:
        return await heard(stream)


@pytest.mark.parametrize("way", [listed, searched, replayed, live, by_ticket])
@pytest.mark.parametrize(
    ("patterns", "seen"),
    [
        (["zoo/last"], set()),
        (["OCTO/Other", "zoo/last"], {OTHER}),
        (["octo/*", "zoo/*"], {HELLO, OTHER}),
        (["*/*"], {HELLO, OTHER}),
        (["*"], {HELLO, OTHER, None}),
    ],
)
async def test_a_token_is_shown_its_repositories_alone(
    api: ApiStage, way: Way, patterns: list[str], seen: Subjects
) -> None:
    """What is about no repository is for those who see everything."""
    secret = await api.token(repositories=patterns)
    async with feeding(api):
        assert await way(api, secret) == seen | {LAST}


@pytest.mark.parametrize("place", ["events", "events/stream", "logs"])
async def test_a_run_of_another_repository_is_not_there(
    api: ApiStage, place: str
) -> None:
    """Whoever may not see it is told the same as of a run that never was."""
    mine = await api.stage.ask()
    unknown = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
    secret = await api.token(repositories=["octo/other"])
    hidden, nothing = [
        await api.ask(f"/runs/{one}/{place}", secret=secret) for one in (mine, unknown)
    ]
    assert hidden.status == nothing.status == 404
    assert hidden.body["code"] == nothing.body["code"] == "run_not_found"
