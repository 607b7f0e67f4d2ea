"""The pages of the setup: no script, nothing loaded, one form that goes to GitHub."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from core.errors import NofxError


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What GitHub is to be asked for, where, and who will be told."""

    web: str
    organization: str | None
    manifest: Mapping[str, Any]

    def action(self, state: str) -> str:
        """Return the address at GitHub to which the manifest is sent."""
        name = self.organization
        owner = f"/organizations/{quote(name, safe='')}" if name else ""
        return f"{self.web}{owner}/settings/apps/new?state={quote(state)}"


def headers(web: str) -> dict[str, str]:
    """Return what stands before each page: the key in its address goes nowhere."""
    parts = urlsplit(web)
    allowed = f"{parts.scheme}://{parts.netloc}"
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {allowed}"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def offered(offer: Offer, state: str) -> str:
    """Return the page with the one button."""
    return _template().render(
        title="Make the GitHub App",
        action=offer.action(state),
        text=json.dumps(offer.manifest),
        manifest=offer.manifest,
        owner=offer.organization or "your own account",
    )


def done(*, slug: str, install: str, path: str) -> str:
    """Return the page after it; nothing secret is on it."""
    return _template().render(
        title=f"{slug} is there", slug=slug, install=install, path=path
    )


def refused(error: NofxError) -> str:
    """Return the page for what did not work."""
    return _template().render(
        title="That did not work", said=str(error), hint=error.way_out
    )


@cache
def _template() -> Template:
    pages = Environment(
        loader=PackageLoader("bot.setup"), autoescape=True, undefined=StrictUndefined
    )
    return pages.get_template("setup.html")
