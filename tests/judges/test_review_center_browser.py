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
CHOICE = "document.querySelector('#go-on select').value"
PARTS = "[...document.querySelectorAll('[data-live]')].map((one) => one.id).join()"
HEARD = (
    "fetch('/metrics').then((one) => one.text())"
    ".then((text) => text.match(/^nofx_sse_connections (.+)$/m)[1])"
)
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


async def test_what_comes_takes_no_choice_and_no_place_away(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Who has chosen something, or goes by the keyboard, finds it as it was."""
    async with open_road(tmp_path, mongodb_url, "kept") as road:
        assert road.bot is not None
        number = await road.open_pull()
        await road.until_checked(number)
        (first,) = await road.until_runs_end()
        address = f"{road.bot.url}/center/runs/{first['_id']}"
        async with browsing(address, tmp_path / "profile") as page:
            await sign_in(page, road.bot)
            await page.run(f"{CHOICE} = 'verify'")
            await page.run("document.querySelector('#steps p a').focus()")
            await road.bot.operations.cancel(
                first["_id"], actor="ada", reason="never mind"
            )
            await page.until(f"{TITLE}.startsWith('cancelled')")
            assert await page.run(CHOICE) == "verify"
            await page.open(f"{road.bot.url}/center/runs?repo={REPO}")
            await page.run("document.querySelector('tbody a').focus()")
            pushed = await road.push(number, {"more.py": "x = 1\n"})
            await page.until(f"{WORDS}.includes('{pushed[:12]}')")
            assert await page.run("document.activeElement.href") == address
            assert page.complaints == []


async def look_away(page: Page, *, away: bool) -> None:
    """Go to another tab, or come back."""
    await page.run(
        "Object.defineProperty(document, 'hidden',"
        f" {{ configurable: true, value: {str(away).lower()} }});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


async def test_a_tab_that_nobody_looks_at_holds_no_connection(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Back in sight it shows at once what happened, each part in its place."""
    async with open_road(tmp_path, mongodb_url, "unseen") as road:
        assert road.bot is not None
        await road.until_checked(await road.open_pull())
        (first,) = await road.until_runs_end()
        address = f"{road.bot.url}/center/runs/{first['_id']}"
        async with browsing(address, tmp_path / "profile") as page:
            await sign_in(page, road.bot)
            await page.until(f"{HEARD}.then((one) => one === '1.0')")
            await look_away(page, away=True)
            await page.until(f"{HEARD}.then((one) => one === '0.0')")
            await road.bot.operations.rerun(
                first["_id"], start_at=None, actor="ada", reason="again"
            )
            await road.until_runs_end()
            await look_away(page, away=False)
            await page.until("document.querySelector('#family') !== null")
            parts = await page.run(PARTS)
            await page.open(address)
            assert parts == await page.run(PARTS)
            assert page.complaints == []


async def test_a_page_that_is_not_as_of_now_says_so(
    tmp_path: Path, mongodb_url: str
) -> None:
    """In words that are read out too; a list that is asked for wrongly is let be."""
    async with open_road(tmp_path, mongodb_url, "stale") as road:
        assert road.bot is not None
        number = await road.open_pull()
        await road.until_checked(number)
        address = f"{road.bot.url}/center/runs"
        async with browsing(address, tmp_path / "profile") as page:
            await sign_in(page, road.bot)
            await page.tell("Network.enable")
            wire = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
            for offline in (True, False):
                await page.tell(
                    "Network.emulateNetworkConditions", offline=offline, **wire
                )
                if offline:
                    await road.push(number, {"more.py": "x = 1\n"})
                said = "document.querySelector('[role=status]').textContent"
                await page.until(f"({said} !== '') === {str(offline).lower()}")
            await page.open(f"{address}?repo=nonsense")
            assert await page.run("document.querySelector('script')") is None


async def test_a_page_fits_a_phone(tmp_path: Path, mongodb_url: str) -> None:
    """Nobody has to move it sideways to read or to decide."""
    async with open_road(tmp_path, mongodb_url, "phone") as road:
        assert road.bot is not None
        await road.until_checked(await road.open_pull())
        (first,) = await road.until_runs_end()
        address = f"{road.bot.url}/center/runs"
        async with browsing(address, tmp_path / "profile") as page:
            await sign_in(page, road.bot)
            phone = {"width": 360, "height": 800, "deviceScaleFactor": 2}
            await page.tell("Emulation.setDeviceMetricsOverride", **phone, mobile=True)
            for path in ("", f"/{first['_id']}", f"/{first['_id']}/log"):
                await page.open(f"{address}{path}")
                wide = "document.documentElement.scrollWidth"
                assert await page.run(wide) == phone["width"], path
