"""The App's manifest: app.yml, what GitHub is sent to make the App, and what it gives.

Source: GitHub's "Registering a GitHub App from a manifest".
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import aiohttp
import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.github.api import NOTHING, Api
from bot.github.limits import Policy
from bot.github.refusals import explained
from bot.github.values import decode
from bot.github.wire import Wire
from core.clock import Clock
from core.errors import AppManifestError


class AppManifest(BaseModel):
    """What app.yml says: how nofx is named and what it may do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=34)]
    description: str
    public: bool
    default_permissions: dict[str, str]
    default_events: tuple[str, ...]

    def payload(self, *, public_url: str, name: str | None = None) -> dict[str, Any]:
        """Return the JSON that the form on GitHub takes for a nofx at `public_url`.

        GitHub wants the name to be unique, so an operator may give another.
        """
        root = public_url.rstrip("/")
        return {
            "name": name or self.name,
            "url": root,
            "description": self.description,
            "hook_attributes": {"url": f"{root}/webhooks/github", "active": True},
            "redirect_url": f"{root}/setup/done",
            "public": self.public,
            "default_permissions": self.default_permissions,
            "default_events": list(self.default_events),
        }


class ConvertedApp(BaseModel):
    """A fresh App's credentials, as GitHub gives them once."""

    model_config = ConfigDict(frozen=True)

    id: int
    slug: str
    html_url: str
    pem: SecretStr
    webhook_secret: SecretStr
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")

    @property
    def install_url(self) -> str:
        """Return the page on which the App is installed on repositories."""
        return f"{self.html_url}/installations/new"


def shipped_manifest() -> Path:
    """Return where app.yml is: in the installed package, or at the checkout's root."""
    package = Path(__file__).parents[1]
    inside = package / "app.yml"
    return inside if inside.is_file() else package.parent / "app.yml"


def web_url(api_url: str) -> str:
    """Return where people see the GitHub whose REST root this is.

    `https://api.github.com` is GitHub's, `https://HOST/api/v3` a server's own.
    """
    root = api_url.rstrip("/")
    if root.endswith("/api/v3"):
        return root.removesuffix("/api/v3")
    return root.replace("://api.", "://", 1)


def load_manifest(path: Path) -> AppManifest:
    """Read app.yml; raises AppManifestError naming what is wrong in it."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return AppManifest.model_validate(data)
    except (OSError, yaml.YAMLError) as error:
        raise AppManifestError(path=path, reason=str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}"
        raise AppManifestError(path=path, reason=reason) from error


def missing_permissions(
    wanted: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return the wanted permissions that the given ones do not cover."""
    ranks = {"read": 1, "write": 2, "admin": 3}
    return {
        name: level
        for name, level in wanted.items()
        if ranks.get(given.get(name, ""), 0) < ranks[level]
    }


async def convert(
    code: str, *, session: aiohttp.ClientSession, clock: Clock, api_url: str
) -> ConvertedApp:
    """Trade the code that came back from GitHub for the App's credentials.

    The code works once and for an hour: raises GitHubNotFoundError after that.
    """
    wire = Wire(session=session, clock=clock, api_url=api_url, policy=Policy())
    api = Api(wire, None, repeatable=NOTHING)
    # The code is as good as the credentials, so messages and logs leave it out.
    shown = "/app-manifests/…/conversions"
    with explained("POST", shown, writes=True):
        answer = await api.post(
            f"/app-manifests/{quote(code, safe='')}/conversions", data=b""
        )
    return decode(ConvertedApp, answer, shown)
