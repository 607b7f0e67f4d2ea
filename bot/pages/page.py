"""Makes the pages: templates that escape what is put into them, and their headers."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.pages import wording
from bot.plain import visible

STATIC = Path(__file__).with_name("static")
TYPES = {".css": "text/css", ".js": "text/javascript"}
# Nothing but our own style sheet and script is loaded or run, whatever a run holds.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Pages that come whole from elsewhere in nofx bring their style with them.
READ_ONLY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
NO_MORE: Mapping[str, str] = {}


def page(
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] = NO_MORE,
    **values: Any,
) -> web.Response:
    """Return a page made from a template, with more headers than those of all."""
    text = _templates().get_template(f"{name}.html").render(**values)
    return web.Response(
        # A log may tell of names that are no text; the page shows what is.
        body=text.encode(errors="replace"),
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={**HEADERS, "Content-Security-Policy": POLICY, **headers},
    )


def foreign(text: str) -> web.Response:
    """Return a page that was made elsewhere in nofx; it can do nothing here."""
    return web.Response(
        text=text,
        content_type="text/html",
        headers={**HEADERS, "Content-Security-Policy": READ_ONLY},
    )


def static(name: str) -> web.Response:
    """Return the style sheet or the script; its address changes when it does."""
    return web.Response(
        body=_files()[name],
        content_type=TYPES[Path(name).suffix],
        charset="utf-8",
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )


def is_static(name: str) -> bool:
    """Return whether there is such a file."""
    return name in _files()


@cache
def _files() -> Mapping[str, bytes]:
    return {one.name: one.read_bytes() for one in STATIC.iterdir()}


def _ticked(text: str) -> Markup:
    """Return a text in which what stands between backticks is code."""
    text = visible(text)
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part)
        for at, part in enumerate(parts)
    )


def _seen(value: Any) -> Any:
    """Spell out what is unseen in a text: it could turn round what stands about it."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return visible(value) if is_text else value


def _address(name: str) -> str:
    return f"/center/static/{name}?v={sha256(_files()[name]).hexdigest()[:12]}"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("bot.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "exact": wording.exact,
        "lasted": wording.lasted,
        "plain": wording.plain,
        "short": wording.short,
        "ticked": _ticked,
        "spoken": wording.spoken,
        "tone": wording.tone,
    }
    made.globals |= {"ago": wording.ago, "static": _address}
    return made
