"""Review Center on a bot that serves: the check run leads to it, and it reruns."""

from pathlib import Path

import aiohttp

from core.access.tokens import Scope
from tests.fakes.road import REPO, open_road

PUBLIC = "https://nofx.example"


async def test_the_check_run_leads_to_the_page_of_its_run(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Where nofx knows its own address; a form there runs the run again."""
    async with open_road(tmp_path, mongodb_url, "linked", public_url=PUBLIC) as road:
        assert road.bot is not None
        number = await road.open_pull()
        check = await road.until_checked(number)
        (run,) = await road.until_runs_end()
        path = f"/center/runs/{run['_id']}"
        assert check["details_url"] == f"{PUBLIC}{path}"
        issued = await road.bot.base.tokens.create([Scope.OPERATE])
        # The cookie is for https alone; this one client sends it all the same.
        jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[road.bot.url])
        headers = {"Origin": PUBLIC}
        async with aiohttp.ClientSession(
            road.bot.url, cookie_jar=jar, headers=headers
        ) as session:
            fields = {"token": issued.secret, "next": path}
            async with session.post("/center/sign-in", data=fields) as answer:
                assert run["_id"] in await answer.text()
            fields = {"from": "verify", "reason": "again"}
            async with session.post(f"{path}/rerun", data=fields) as answer:
                assert answer.status == 200
                assert "Goes on from" in await answer.text()
        head = road.head(number)
        await road.until(lambda: len(road.github.check_runs(REPO, head)) == 2)
        await road.until_checked(number)
        runs = await road.until_runs_end()
        assert [one["origin"] for one in runs] == ["request", "rerun"]
