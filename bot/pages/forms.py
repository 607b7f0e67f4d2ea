"""Reads the forms of the pages, within the bounds of every request's body."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from bot.api.requests import bytes_of
from core.errors import FormMalformedError

MEDIA_TYPE = "application/x-www-form-urlencoded"
# Ours have four fields.
MOST_FIELDS = 20


async def fields_of(request: web.Request) -> Mapping[str, str]:
    """Return a form's fields without the white space around them; the last counts.

    No page of ours sends files, or any encoding but UTF-8: whoever does made the form
    up. Raises BodySlow-, BodyTooLarge-, BodyMalformed- and FormMalformedError.
    """
    data = await bytes_of(request)
    if data and request.content_type != MEDIA_TYPE:
        raise FormMalformedError(reason="it is of another media type")
    try:
        pairs = parse_qsl(
            data.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except UnicodeDecodeError:
        raise FormMalformedError(reason="it is not UTF-8") from None
    except ValueError:
        raise FormMalformedError(reason="it has too many fields") from None
    return {name: value.strip() for name, value in pairs}
