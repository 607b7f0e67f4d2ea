"""`GET /events/schema`: what events look like, as JSON Schema.

It tells of the program and not of what happened, so it asks for no token, as the API's
own description does: the build of a dashboard has none.
"""

import json

from aiohttp import web

from core.feed.envelope import SCHEMA_PATH
from core.live.wire_schema import envelope_schema

MEDIA_TYPE = "application/schema+json"


def add_routes(app: web.Application) -> None:
    """Serve the schema on `app`."""
    body = json.dumps(envelope_schema()).encode()

    async def describe(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=MEDIA_TYPE)

    app.router.add_get(SCHEMA_PATH, describe)
