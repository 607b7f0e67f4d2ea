"""A person decides about a run in a real browser, and watches what comes of it."""

from pathlib import Path

import pytest

from bot.app import Running
from core.access.tokens import Scope
from tests.fakes.road import REPO, open_road
from tests.judges.chromium import Page, browsing

pytestmark = [pytest.mark.judge, pytest.mark.timeout(240)]
TITLE = "document.querySelector('h1').textContent.replace(/\\s+/g, ' ').trim()"
WORDS = "document.body.innerText"
REASON = "document.querySelector('#gates input').value"


async def sign_in(page: Page, bot: Running) -> None:
    """Put a token into the form that stands before every page."""
    assert await page.run("document.querySelector('main a') === null")
    issued = await bot.base.tokens.create([Scope.OPERATE])
    await page.follow(
        f"document.querySelector('#token').value = '{issued.secret}';"
        "document.querySelector('button.go').click()"
    )


async def press(page: Page, word: str) -> None:
    """Press the button that says so, and wait for where it leads."""
    await page.follow(
        "[...document.querySelectorAll('button')]"
        f".find((one) => one.textContent === '{word}').click()"
    )


async def test_a_run_is_found_waived_and_watched_to_its_end(
    tmp_path: Path, mongodb_url: str
) -> None:
    """What happens shows by itself, and takes nobody's half-written reason away."""
    async with open_road(tmp_path, mongodb_url, "center") as road:
        assert road.bot is not None
        await road.until_checked(await road.open_pull())
        (first,) = await road.until_runs_end()
        address = f"{road.bot.url}/center/runs/{first['_id']}"
        async with browsing(address, tmp_path / "profile") as page:
            await sign_in(page, road.bot)
            assert await page.run("location.href") == address
            assert (await page.run(TITLE)).startswith("gate failed")
            await page.run(f"{REASON} = 'a fixture'")
            again = await road.bot.operations.rerun(
                first["_id"], start_at=None, actor="ada", reason="to see it again"
            )
            await page.until("document.querySelector('#family') !== null")
            assert again.run.id in await page.run(WORDS)
            assert await page.run(REASON) == "a fixture"
            await road.until_runs_end()
            await page.open(f"{road.bot.url}/center/runs/{again.run.id}")
            await page.run(f"{REASON} = 'a fixture'")
            await press(page, "Waive")
            await page.until(f"{TITLE}.startsWith('succeeded')")
            assert "a fixture" in await page.run(WORDS)
            assert page.complaints == []


async def test_the_list_shows_what_comes(tmp_path: Path, mongodb_url: str) -> None:
    """A push to a pull request is on it a moment later; who signs out sees nothing."""
    async with open_road(tmp_path, mongodb_url, "listed") as road:
        assert road.bot is not None
        number = await road.open_pull()
        await road.until_checked(number)
        address = f"{road.bot.url}/center/runs?repo={REPO}"
        async with browsing(address, tmp_path / "profile") as page:
            await sign_in(page, road.bot)
            assert await page.run("document.querySelectorAll('tbody tr').length") == 1
            pushed = await road.push(number, {"more.py": "x = 1\n"})
            await page.until(f"{WORDS}.includes('{pushed[:12]}')")
            await press(page, "Sign out")
            assert await page.run("document.querySelector('#token') !== null")
            assert page.complaints == []
