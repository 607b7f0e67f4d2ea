"""`GET /events/schema`: what events look like, as JSON Schema.

It tells of the program and not of what happened, so it asks for no token, as the API's
own description does: the build of a dashboard has none.
"""

from aiohttp import web

from bot.api.description import Description
from core.feed.envelope import SCHEMA_PATH
from core.live.wire_schema import envelope_schema

MEDIA_TYPE = "application/schema+json"


def add_routes(app: web.Application) -> None:
    """Serve the schema on `app`."""
    app.router.add_get(SCHEMA_PATH, Description(envelope_schema, MEDIA_TYPE).answer)
