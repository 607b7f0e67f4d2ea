"""Making an App from a manifest in the simulator, as a browser does it."""

import json
from collections.abc import AsyncIterator
from html import unescape
from re import findall, search

import aiohttp
import pytest

from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges

MANIFEST = {
    "name": "My Reviewer",
    "url": "http://127.0.0.1:9",
    "redirect_url": "http://127.0.0.1:9/setup/callback",
    "setup_url": "http://127.0.0.1:9/setup/done",
    "hook_attributes": {"url": "http://127.0.0.1:9/webhooks/github"},
    "default_permissions": {"checks": "write"},
    "default_events": ["pull_request"],
}


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that keeps nothing."""
    async with aiohttp.ClientSession() as session:
        yield session


async def press(
    browser: aiohttp.ClientSession, github: SimulatedGitHub, page: str
) -> aiohttp.ClientResponse:
    """Press the one button of a page and return the answer, not following it."""
    action = search(r'action="(.*?)"', page)
    assert action
    fields = findall(r'name="(.*?)" value="(.*?)"', page)
    data = {name: unescape(value) for name, value in fields}
    url = github.simulator.url + action[1]
    return await browser.post(url, data=data, allow_redirects=False)


async def new_code(browser: aiohttp.ClientSession, github: SimulatedGitHub) -> str:
    """Create the App of the manifest and return the code for its credentials."""
    url = f"{github.simulator.url}/organizations/octo/settings/apps/new?state=s1"
    async with browser.post(url, data={"manifest": json.dumps(MANIFEST)}) as shown:
        page = await shown.text()
    assert "My Reviewer" in page
    answer = await press(browser, github, page)
    assert answer.status == 302
    found = search(r"code=(\w+)&state=s1$", answer.headers["Location"])
    assert found
    return found[1]


async def test_a_code_gives_the_credentials_once(
    browser: aiohttp.ClientSession,
    github: SimulatedGitHub,
    github_judges: GitHubJudges,
) -> None:
    """The conversion answers with key and secrets; a second time it is 404."""
    code = await new_code(browser, github)
    github.caller.as_nobody()
    path = f"/app-manifests/{code}/conversions"
    made = await github.caller.post(path)
    assert made.status == 201
    assert github_judges.openapi.check_answer("POST", path, 201, made.body) == []
    assert made.body["slug"] == "my-reviewer"
    assert made.body["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert made.body["webhook_secret"]
    assert (await github.caller.post(path)).status == 404


async def test_a_code_lasts_an_hour(
    browser: aiohttp.ClientSession, github: SimulatedGitHub
) -> None:
    """After that the App must be made anew."""
    code = await new_code(browser, github)
    github.clock.jump(3600)
    reply = await github.caller.post(f"/app-manifests/{code}/conversions")
    assert reply.status == 404


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"url": "x"}'])
async def test_a_bad_manifest_is_refused(
    text: str, browser: aiohttp.ClientSession, github: SimulatedGitHub
) -> None:
    """No page to confirm is shown."""
    url = f"{github.simulator.url}/settings/apps/new"
    async with browser.post(url, data={"manifest": text}) as answer:
        assert answer.status == 422


async def test_an_app_is_installed_by_a_button(
    browser: aiohttp.ClientSession, github: SimulatedGitHub
) -> None:
    """Afterwards the browser is sent to the App's setup page."""
    await new_code(browser, github)
    path = f"{github.simulator.url}/apps/my-reviewer/installations/new"
    async with browser.get(path) as shown:
        page = await shown.text()
    assert REPO in page
    answer = await press(browser, github, page)
    assert "setup_action=install" in answer.headers["Location"]
    async with browser.get(path.replace("my-reviewer", "nobody")) as lost:
        assert lost.status == 404


async def test_an_app_without_a_setup_page_is_just_installed(
    browser: aiohttp.ClientSession, github: SimulatedGitHub
) -> None:
    """Installing it again changes nothing, and the App is told."""
    url = f"{github.simulator.url}/apps/nofx/installations/new"
    async with browser.post(url) as answer:
        assert await answer.text() == "Installed."
    assert github.listener.names[-1] == "installation.created"
    _, payload, _ = github.listener.received[-1]
    assert [one["full_name"] for one in payload["repositories"]] == [REPO]
