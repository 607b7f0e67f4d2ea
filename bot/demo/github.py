"""The simulated GitHub with a page for each pull request, to read and to talk to."""

from collections.abc import Callable

from aiohttp import web

from bot.simulator.simulator import Simulator

PULL = r"/{owner}/{name}/pull/{number:\d+}"
LARGEST_COMMENT = 65_536
Page = Callable[[str, int], str]


class DemoGitHub(Simulator):
    """Serves `page(repository, number)` as text where GitHub would show the pull.

    What is posted there becomes a comment of `user` in the conversation.
    """

    def __init__(self, *, user: str) -> None:
        super().__init__()
        self._user = user
        self._page: Page | None = None
        router = self._server.application.router
        router.add_get(PULL, self._show)
        router.add_post(PULL, self._say)

    def pages_by(self, page: Page) -> None:
        """Write pages with `page` from now on."""
        self._page = page

    def pull_url(self, repository: str, number: int) -> str:
        """Return where a pull request's page is."""
        return f"{self.url}/{repository}/pull/{number}"

    async def _show(self, request: web.Request) -> web.Response:
        repository, number = self._place(request)
        if self._page is None:
            raise web.HTTPNotFound
        return web.Response(text=self._page(repository, number))

    async def _say(self, request: web.Request) -> web.Response:
        repository, number = self._place(request)
        body = (await request.text()).strip()
        if not 0 < len(body) <= LARGEST_COMMENT:
            raise web.HTTPUnprocessableEntity(
                text="A comment has 1 to 65536 letters.\n"
            )
        await self.comment(repository, number, body, user=self._user)
        return web.Response(text=f"{self._user} said it.\n", status=201)

    def _place(self, request: web.Request) -> tuple[str, int]:
        """Return repository and number of a pull request that there is."""
        match = request.match_info
        repository, number = f"{match['owner']}/{match['name']}", int(match["number"])
        record = self._world.repositories.get(repository.lower())
        if record is None or number not in record.pulls:
            raise web.HTTPNotFound
        return record.full_name, number
