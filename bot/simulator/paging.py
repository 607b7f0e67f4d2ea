"""Cuts lists into pages and links them, as GitHub does."""

from aiohttp import web

from bot.simulator.answers import Answer, RefusedError

DEFAULT = 30
LARGEST = 100


def page_of(answer: Answer, request: web.Request) -> Answer:
    """Return the page of a list that the query names, with a `Link` header."""
    size = min(_count(request, "per_page", DEFAULT), LARGEST)
    page = _count(request, "page", 1)
    whole = answer.body[answer.listed] if answer.listed else answer.body
    last = max(1, -(-len(whole) // size))
    part = whole[(page - 1) * size : page * size]
    goals: dict[str, int] = {}
    if page > 1:
        goals |= {"prev": min(page - 1, last), "first": 1}
    if page < last:
        goals |= {"next": page + 1, "last": last}
    links = [
        f'<{request.url.update_query(page=str(number))}>; rel="{name}"'
        for name, number in goals.items()
    ]
    headers = dict(answer.headers)
    if links:
        headers["Link"] = ", ".join(links)
    body = {**answer.body, answer.listed: part} if answer.listed else part
    return Answer(body=body, status=answer.status, headers=headers)


def _count(request: web.Request, name: str, default: int) -> int:
    """Return a positive number of the query; refuses what is no number."""
    value = request.query.get(name, "")
    if not value:
        return default
    if not value.isascii() or not value.isdigit():
        raise RefusedError(400, f"Invalid value for {name}")
    return max(1, int(value))
