"""The App is made by two clicks, by whoever sits at the terminal, and once."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import running
from bot.settings import Settings, environment, load_settings
from bot.setup.making import SetupWish, Waiting, waiting
from bot.simulator.simulator import Simulator
from core.errors import (
    FileUnwritableError,
    SettingsError,
    SetupAddressError,
    SetupDoneError,
)
from tests.fakes.browser import Browser, Page
from tests.fakes.free_port import free_port
from tests.fakes.waiting import eventually


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with no setting, in an empty folder."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@dataclass
class Desk:
    """An operator's machine: nofx in setup, a browser, and a GitHub to go to."""

    github: Simulator
    settings: Settings
    setup: Waiting
    browser: Browser

    @property
    def url(self) -> str:
        """Return where nofx is reached."""
        return str(self.settings.public_url)

    @property
    def file(self) -> Path:
        """Return where the credentials go."""
        return self.settings.data_dir / "app.env"

    async def to_github(self) -> Page:
        """Open the link, and press the button."""
        return await self.browser.send(await self.browser.open(self.setup.link))


@asynccontextmanager
async def sitting(folder: Path, **wish: Any) -> AsyncIterator[Desk]:
    """Let nofx wait for its setup, on a port that it was told."""
    github, port = Simulator(), free_port()
    await github.start()
    settings = load_settings(
        Path(".env"),
        data_dir=folder / "data",
        github_url=github.api_url,
        public_url=f"http://127.0.0.1:{port}",
    )
    try:
        async with (
            aiohttp.ClientSession() as session,
            waiting(settings, SetupWish(host="127.0.0.1", port=port, **wish)) as setup,
        ):
            yield Desk(github, settings, setup, Browser(session))
    finally:
        await github.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a setup that waits."""
    async with sitting(tmp_path) as stage:
        yield stage


async def test_two_clicks_make_the_app(desk: Desk) -> None:
    """The App has what app.yml says, and its credentials are in the owner's file."""
    done = await desk.browser.send(await desk.to_github())
    assert done.status == 200
    (app,) = desk.github.world.apps.values()
    assert app.webhook_url == f"{desk.url}/webhooks/github"
    assert app.permissions["checks"] == "write"
    assert "issue_comment" in app.events
    assert f"/apps/{app.slug}/installations/new" in done.text
    assert str(desk.file) in done.text
    assert desk.setup.made.result().id == app.id
    assert desk.file.stat().st_mode & 0o777 == 0o600
    for secret in (app.webhook_secret, app.client_secret, app.private_key[40:80]):
        assert secret not in done.text
    assert app.client_secret not in desk.file.read_text()


async def test_the_bot_then_starts_by_itself(desk: Desk, mongodb_url: str) -> None:
    """Nothing is copied by hand: the next start reads the file, and takes webhooks."""
    await desk.browser.send(await desk.to_github())
    (app,) = desk.github.world.apps.values()
    settings = load_settings(
        Path(".env"),
        data_dir=desk.settings.data_dir,
        github_url=desk.github.api_url,
        public_url=desk.url,
        mongodb_url=f"{mongodb_url}setup?retryWrites=false",
        watch_queue=False,
    )
    assert settings.app_credentials().app_id == app.id
    async with running(settings, host="127.0.0.1", port=0, workers=0) as bot:
        assert (await bot.app.identity()).slug == app.slug
        desk.github.set_webhook_url(f"{bot.url}/webhooks/github", slug=app.slug)
        install = await desk.browser.open(desk.setup.made.result().install_url)
        await desk.browser.send(install)
        closed = await desk.browser.open(f"{bot.url}/setup")
        assert (closed.status, json.loads(closed.text)["code"]) == (410, "setup_done")


async def test_another_owner_and_name_may_be_wished(tmp_path: Path) -> None:
    """GitHub wants names to be unique, and teams have organizations."""
    wish = {"organization": "octo-org", "name": "octo-nofx"}
    async with sitting(tmp_path, **wish) as desk:
        page = await desk.browser.open(desk.setup.link)
        assert "octo-org" in page.text
        assert "/organizations/octo-org/settings/apps/new?state=" in page.form.action
        await desk.browser.send(await desk.browser.send(page))
        (app,) = desk.github.world.apps.values()
        assert (app.slug, app.owner) == ("octo-nofx", "octo-org")


@pytest.mark.parametrize(
    "path",
    [
        "/setup",
        "/setup?key=",
        "/setup?key=guessed",
        "/setup?key=%C3%A9",
        "/setup/done",
        "/setup/done?code=abc&state=guessed",
        "/setup/done?code=abc",
    ],
)
async def test_a_stranger_gets_nothing(desk: Desk, path: str) -> None:
    """Neither a form nor a way back, and GitHub is not asked."""
    page = await desk.browser.open(f"{desk.url}{path}")
    assert page.status == 403
    assert "<form" not in page.text
    assert "The App cannot be made from here" in page.text
    assert desk.github.requests == []
    assert not desk.setup.made.done()


async def test_a_way_back_counts_once(desk: Desk) -> None:
    """Reloading the last page neither makes a second App nor shows anything."""
    done = await desk.browser.send(await desk.to_github())
    again = await desk.browser.open(str(done.url))
    assert again.status == 410
    assert "The App is set up already." in again.text
    reopened = await desk.browser.open(desk.setup.link)
    assert (reopened.status, "<form" in reopened.text) == (410, False)
    assert len(desk.github.world.apps) == 1


async def test_a_code_that_github_does_not_know_can_be_tried_again(desk: Desk) -> None:
    """The state is used up, and the link opens another try."""
    page = await desk.browser.open(desk.setup.link)
    state = page.form.action.partition("state=")[2]
    bad = await desk.browser.open(f"{desk.url}/setup/done?code=old&state={state}")
    assert bad.status == 404
    assert "GitHub has nothing at" in bad.text
    assert "old" not in bad.text.partition("<main>")[2]
    done = await desk.browser.send(await desk.to_github())
    assert done.status == 200


async def test_the_page_loads_nothing_and_tells_nobody(desk: Desk) -> None:
    """The key in its address is in no Referer, no cache and no frame."""
    page = await desk.browser.open(desk.setup.link)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert f"form-action {desk.github.url}" in policy
    assert "<script" not in page.text
    assert desk.setup.link.partition("key=")[2] not in page.text


async def test_a_head_uses_nothing_up(desk: Desk) -> None:
    """Programs that look at links before people do must not spend them."""
    async with (
        aiohttp.ClientSession() as session,
        session.head(desk.setup.link) as answer,
    ):
        assert answer.status == 405


async def test_it_is_closed_once_configured(tmp_path: Path) -> None:
    """Whatever way the credentials came."""
    async with sitting(tmp_path) as desk:
        await desk.browser.send(await desk.to_github())
    settings = load_settings(Path(".env"), data_dir=tmp_path / "data")
    wish = SetupWish(host="127.0.0.1", port=0)
    with pytest.raises(SetupDoneError):
        async with waiting(settings, wish):
            pass
    assert sorted(one.name for one in (tmp_path / "data").iterdir()) == ["app.env"]


async def test_without_an_address_it_says_what_is_missing() -> None:
    """GitHub must know where to send webhooks."""
    with pytest.raises(SetupAddressError, match="must be told"):
        async with waiting(load_settings(None), SetupWish(host="127.0.0.1", port=0)):
            pass


async def test_a_folder_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    """Before an App is made whose credentials would be lost."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(FileUnwritableError, match=r"app\.env cannot be written"):
        async with sitting(tmp_path):
            pass


async def test_credentials_in_the_environment_come_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file completes nothing: half of one App and half of another is neither."""
    await desk.browser.send(await desk.to_github())
    monkeypatch.setenv("NOFX_WEBHOOK_SECRETS", "another")
    settings = load_settings(Path(".env"), data_dir=desk.settings.data_dir)
    assert settings.app_id is None
    monkeypatch.delenv("NOFX_WEBHOOK_SECRETS")
    assert load_settings(None, data_dir=desk.settings.data_dir).app_id is None


async def test_a_file_that_others_can_read_is_not_taken(desk: Desk) -> None:
    """What everybody could read is no secret any more."""
    await desk.browser.send(await desk.to_github())
    desk.file.chmod(0o640)
    with pytest.raises(SettingsError, match=r"can be read by others: chmod 600"):
        load_settings(Path(".env"), data_dir=desk.settings.data_dir)


async def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    """A setup that nobody finished leaves nothing."""
    async with sitting(tmp_path):
        await eventually((tmp_path / "data").is_dir)
    assert list((tmp_path / "data").iterdir()) == []
