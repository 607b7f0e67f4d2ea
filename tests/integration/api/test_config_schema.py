"""`GET /config/schema` gives editors the schema of `.github/nofx.yml`."""

from core.review.config import published_schema
from tests.fakes.api import ApiStage


async def test_the_schema_is_served_to_whoever_asks(api: ApiStage) -> None:
    """It tells of the program alone, so no token is asked for."""
    async with api.client.get("/config/schema") as response:
        assert response.status == 200
        assert response.content_type == "application/schema+json"
        assert await response.json(content_type=None) == published_schema()
