"""`GET /config/schema`: what `.github/nofx.yml` may say, as JSON Schema.

It tells of the program alone, so it asks for no token: editors have none.
"""

from aiohttp import web

from bot.api.description import Description
from core.review.config import published_schema

PATH = "/config/schema"
MEDIA_TYPE = "application/schema+json"


def add_routes(app: web.Application) -> None:
    """Serve the schema on `app`."""
    app.router.add_get(PATH, Description(published_schema, MEDIA_TYPE).answer)
