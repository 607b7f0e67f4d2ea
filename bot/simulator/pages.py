"""The few web pages that making and installing an App leads through."""

import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from html import escape

from aiohttp import web
from yarl import URL

from bot.simulator.answers import Json
from bot.simulator.events import installation_payload
from bot.simulator.installing import install
from bot.simulator.records import App
from bot.simulator.registering import AppWish, register
from bot.simulator.webhooks import Webhooks
from bot.simulator.world import World

CODE_LIFE = timedelta(hours=1)
NEW_APP = ("/settings/apps/new", "/organizations/{owner}/settings/apps/new")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1>
<p>{text}</p>
<form method="post" action="{action}">{fields}<button>{button}</button></form>
</html>
"""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """Answers a browser: confirm a manifest, then install the App."""

    def __init__(self, world: World, hooks: Webhooks, owner: str) -> None:
        self._world = world
        self._hooks = hooks
        self._owner = owner

    def add_to(self, application: web.Application) -> None:
        """Add the pages to a server."""
        routes: tuple[tuple[str, str, Handler], ...] = (
            *(("POST", path, self._confirm_app) for path in NEW_APP),
            ("POST", "/settings/apps/confirm", self._make_app),
            ("GET", "/apps/{slug}/installations/new", self._confirm_install),
            ("POST", "/apps/{slug}/installations/new", self._install),
        )
        for method, path, handler in routes:
            application.router.add_route(method, path, handler)

    async def _confirm_app(self, request: web.Request) -> web.StreamResponse:
        """Show what the manifest asks for, with one button."""
        form = await request.post()
        text = str(form.get("manifest", ""))
        wish = _manifest(text)
        hidden = {
            "manifest": text,
            "state": request.query.get("state", ""),
            "owner": request.match_info.get("owner", self._owner),
        }
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in hidden.items()
        )
        name = escape(str(wish.get("name", "")))
        return _page(
            title=f"Create {name}",
            text=f"{name} asks for: {escape(json.dumps(wish['default_permissions']))}",
            action="/settings/apps/confirm",
            fields=fields,
            button="Create GitHub App",
        )

    async def _make_app(self, request: web.Request) -> web.StreamResponse:
        """Register the App and go back with the code for its credentials."""
        form = await request.post()
        wish = _manifest(str(form["manifest"]))
        hook = wish.get("hook_attributes") or {}
        app = register(
            self._world,
            AppWish(
                slug=_slug(str(wish.get("name", "app"))),
                owner=str(form["owner"]),
                webhook_url=hook.get("url"),
                permissions=dict(wish["default_permissions"]),
                events=tuple(wish.get("default_events") or ()),
                setup_url=wish.get("setup_url"),
            ),
        )
        code = secrets.token_hex(20)
        self._world.manifests[code] = (app, self._world.now() + CODE_LIFE)
        query = {"code": code, "state": str(form["state"])}
        target = URL(wish["redirect_url"]).update_query(query)
        raise web.HTTPFound(target)

    def _app(self, request: web.Request) -> App:
        slug = request.match_info["slug"]
        for app in self._world.apps.values():
            if app.slug == slug:
                return app
        raise web.HTTPNotFound

    async def _confirm_install(self, request: web.Request) -> web.StreamResponse:
        """Show where the App would be installed, with one button."""
        app = self._app(request)
        names = [record.full_name for record in self._world.repositories.values()]
        return _page(
            title=f"Install {escape(app.slug)}",
            text=f"On {escape(', '.join(names))}",
            action=escape(request.path),
            fields="",
            button="Install",
        )

    async def _install(self, request: web.Request) -> web.StreamResponse:
        """Install the App on every repository, tell it, and go to its setup page."""
        app = self._app(request)
        made = {
            install(self._world, app, record).id: None
            for record in self._world.repositories.values()
        }
        for number in made:
            one = self._world.installations[number]
            payload = installation_payload(self._world, one, "created")
            await self._hooks.send(app, "installation", payload)
        if app.setup_url is None or not made:
            return web.Response(text="Installed.")
        query = {"installation_id": str(min(made)), "setup_action": "install"}
        raise web.HTTPFound(URL(app.setup_url).update_query(query))


def converted(world: World, code: str) -> App | None:
    """Return the App that a code stands for; each code works once, within an hour."""
    found: tuple[App, datetime] | None = world.manifests.pop(code, None)
    if found is None or found[1] <= world.now():
        return None
    return found[0]


def _manifest(text: str) -> Json:
    """Return a manifest, refused where GitHub would show the form again."""
    try:
        wish = json.loads(text)
    except ValueError as error:
        raise web.HTTPUnprocessableEntity(text="The manifest is no JSON.") from error
    known = isinstance(wish, dict)
    if not known or not wish.get("url") or not wish.get("redirect_url"):
        raise web.HTTPUnprocessableEntity(
            text="The manifest needs a url and a redirect_url."
        )
    return {"default_permissions": {}, **wish}


def _slug(name: str) -> str:
    """Return an App's name as it stands in addresses."""
    return "-".join(name.lower().split())


def _page(**parts: str) -> web.Response:
    return web.Response(text=PAGE.format(**parts), content_type="text/html")
