"""The App's manifest: what is asked of GitHub, and what GitHub gives back."""

from pathlib import Path
from typing import Any

import pytest

from bot.github.manifest import (
    convert,
    load_manifest,
    missing_permissions,
    shipped_manifest,
    web_url,
)
from core.errors import AppManifestError, GitHubNotFoundError, GitHubUnavailableError
from tests.fakes.github_script import Reply, scene

APP_YML = Path(__file__).parents[2] / "app.yml"
CONVERSION = "/app-manifests/c%2Fode/conversions"


def test_the_shipped_manifest_asks_for_what_nofx_uses() -> None:
    """No more: an owner reads this list before installing."""
    payload = load_manifest(APP_YML).payload(public_url="https://nofx.example/")
    assert payload["default_permissions"] == {
        "metadata": "read",
        "contents": "read",
        "pull_requests": "write",
        "checks": "write",
        "issues": "write",
    }
    assert payload["hook_attributes"] == {
        "url": "https://nofx.example/webhooks/github",
        "active": True,
    }
    assert payload["redirect_url"] == "https://nofx.example/setup/done"
    assert payload["url"] == "https://nofx.example"
    assert payload["public"] is False
    assert "pull_request" in payload["default_events"]


def test_the_manifest_is_found_wherever_nofx_is_installed() -> None:
    """It lies in the package, or at the root of a checkout."""
    assert load_manifest(shipped_manifest()) == load_manifest(APP_YML)


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.octo.ghe.com/", "https://octo.ghe.com"),
        ("https://git.octo.example/api/v3", "https://git.octo.example"),
        ("http://127.0.0.1:4000/api/v3/", "http://127.0.0.1:4000"),
    ],
)
def test_people_see_github_elsewhere_than_programs(api: str, web: str) -> None:
    """The form goes to where people are logged in."""
    assert web_url(api) == web


def test_an_operator_may_name_the_app() -> None:
    """GitHub wants names to be unique."""
    payload = load_manifest(APP_YML).payload(
        public_url="https://nofx.example", name="nofx-acme"
    )
    assert payload["name"] == "nofx-acme"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name: [", "expected the node content"),
        ("name: nofx", "description: Field required"),
        (APP_YML.read_text() + "\nwebhook: yes\n", "webhook: Extra inputs"),
    ],
)
def test_a_broken_manifest_is_named(tmp_path: Path, text: str, reason: str) -> None:
    """The operator reads which key is wrong."""
    path = tmp_path / "app.yml"
    path.write_text(text)
    with pytest.raises(AppManifestError, match=reason):
        load_manifest(path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(AppManifestError, match=r"app\.yml is not usable"):
        load_manifest(tmp_path / "app.yml")


def test_missing_permissions_are_told_one_by_one() -> None:
    """Write covers read; nothing covers nothing."""
    wanted = {"checks": "write", "contents": "read", "issues": "write"}
    given = {"checks": "read", "contents": "write"}
    assert missing_permissions(wanted, given) == {"checks": "write", "issues": "write"}


async def test_the_code_from_github_becomes_credentials() -> None:
    """They are secrets from the first moment on, and nobody signs the request."""
    data = {
        "id": 7,
        "slug": "nofx-acme",
        "html_url": "https://github.example/apps/nofx-acme",
        "pem": "-----BEGIN",
        "webhook_secret": "hush",
    }
    async with scene() as s:
        s.hub.on("POST", CONVERSION, Reply(status=201, data=data))
        app = await convert(
            "c/ode", session=s.session, clock=s.clock, api_url=s.hub.api_url
        )
        assert app.pem.get_secret_value() == "-----BEGIN"
        assert "hush" not in repr(app)
        assert app.install_url.endswith("/apps/nofx-acme/installations/new")
        [call] = s.hub.calls
        assert "Authorization" not in call.headers


async def test_a_used_code_is_refused_and_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A code is as good as the credentials."""
    async with scene() as s:
        facts: dict[str, Any] = {"session": s.session, "clock": s.clock}
        with pytest.raises(GitHubNotFoundError) as caught:
            await convert("s3cret", api_url=s.hub.api_url, **facts)
        assert "s3cret" not in str(caught.value)
        nobody = "http://127.0.0.1:1/api/v3"
        with pytest.raises(GitHubUnavailableError) as away:
            await convert("s3cret", api_url=nobody, **facts)
        assert "s3cret" not in f"{away.value}{capsys.readouterr()}"
