"""Review Center as a person's browser has it: pages with their words, and forms."""

from dataclasses import dataclass

from bs4 import BeautifulSoup

from tests.fakes.api import ApiStage
from tests.fakes.stage import serving

UNKNOWN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


def own(api: ApiStage) -> str:
    """Return the origin of the pages."""
    return str(api.client.make_url("/")).rstrip("/")


@dataclass
class Seen:
    """A page as somebody sees it."""

    status: int
    headers: dict[str, str]
    html: BeautifulSoup

    @property
    def words(self) -> str:
        """Return its text with single spaces."""
        return " ".join(self.html.get_text(" ").split())

    @property
    def buttons(self) -> set[str]:
        """Return the words on its buttons, but that of signing out."""
        found = {one.get_text(strip=True) for one in self.html.find_all("button")}
        return found - {"Sign out"}


async def look(api: ApiStage, path: str) -> Seen:
    """Open a page, with the cookies that the browser has, and follow where it leads."""
    async with api.client.get(path) as answer:
        html = BeautifulSoup(await answer.text(), "html.parser")
        return Seen(answer.status, dict(answer.headers), html)


async def send(
    api: ApiStage, path: str, fields: dict[str, str], *, origin: str | None = "own"
) -> Seen:
    """Send a form as a page of `origin` does, `own` for our own."""
    ours = own(api) if origin == "own" else origin
    named = {} if ours is None else {"Origin": ours}
    async with api.client.post(path, data=fields, headers=named) as answer:
        html = BeautifulSoup(await answer.text(), "html.parser")
        return Seen(answer.status, dict(answer.headers), html)


async def sign_in(api: ApiStage, *scopes: str, **rights: object) -> Seen:
    """Sign in with a token of these scopes."""
    secret = await api.token(*(scopes or ("operate",)), **rights)  # type: ignore[arg-type]  # as given
    return await send(api, "/center/sign-in", {"token": secret})


async def run_to(api: ApiStage, *states: str, **asked: object) -> str:
    """Have a run asked for and worked on until it rests in a state."""
    run_id = await api.stage.ask(**asked)  # type: ignore[arg-type]  # as given
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, *states)
    return run_id
