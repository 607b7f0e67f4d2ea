"""A browser as far as forms need one: it reads a page, fills nothing in, and sends."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import aiohttp
from typing_extensions import override
from yarl import URL


@dataclass
class Page:
    """A page as it was answered."""

    url: URL
    status: int
    text: str
    headers: dict[str, str]

    @property
    def form(self) -> "Form":
        """Return the page's one form."""
        reader = _FormReader()
        reader.feed(self.text)
        (form,) = reader.forms
        return form


@dataclass
class Form:
    """A form: where it goes, and what is in it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _FormReader(HTMLParser):
    """Collects forms with their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=found["action"]))
        elif tag == "input" and self.forms:
            self.forms[-1].fields[found["name"]] = found["value"]


class Browser:
    """Opens pages and sends their forms."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def open(self, url: str, **options: Any) -> Page:
        """Open an address, and follow where it leads."""
        async with self._session.get(url, **options) as answer:
            text = await answer.text()
            return Page(answer.url, answer.status, text, dict(answer.headers))

    async def send(self, page: Page) -> Page:
        """Press the page's one button."""
        target = page.url.join(URL(page.form.action))
        async with self._session.post(target, data=page.form.fields) as answer:
            text = await answer.text()
            return Page(answer.url, answer.status, text, dict(answer.headers))
