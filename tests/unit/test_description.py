"""The service's descriptions are worked out when they are asked for, and then kept."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.api.description import Description


async def test_nothing_is_made_before_it_is_asked_for_and_then_once() -> None:
    """A process that nobody asks spends no time on it, two questions spend it once."""
    made: list[dict[str, str]] = []

    def make() -> dict[str, str]:
        made.append({"title": "nofx"})
        return made[-1]

    app = web.Application()
    description = Description(make, "application/schema+json")
    app.router.add_get("/schema", description.answer)
    async with TestClient(TestServer(app)) as client:
        assert made == []
        answers = [await client.get("/schema") for _ in range(2)]
        assert made == [{"title": "nofx"}]
        for answer in answers:
            assert answer.content_type == "application/schema+json"
            assert await answer.json() == {"title": "nofx"}
