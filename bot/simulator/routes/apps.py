"""Answers about the App itself: who it is, where it is installed, its tokens."""

from bot.simulator.answers import Answer, Json, RefusedError, not_found
from bot.simulator.auth import installation_of, issue_token
from bot.simulator.call import Call, Route
from bot.simulator.pages import converted
from bot.simulator.records import Installation
from bot.simulator.shapes.basics import app, installation, time
from bot.simulator.shapes.checks import delivery, full_delivery
from bot.simulator.shapes.repositories import repository


async def show_app(call: Call) -> Answer:
    """Return the App that calls."""
    return Answer(
        body={
            **app(call.world, call.actor.app),
            "installations_count": len(_installations(call)),
        }
    )


async def list_installations(call: Call) -> Answer:
    """Return where the App is installed."""
    shown = [installation(call.world, one) for one in _installations(call)]
    return Answer(body=shown, pages=True)


async def show_installation(call: Call) -> Answer:
    """Return one installation by its number."""
    number = call.number("installation_id")
    found = installation_of(call.world, call.actor, number)
    return Answer(body=installation(call.world, found))


async def repository_installation(call: Call) -> Answer:
    """Return the installation that covers a repository."""
    name = f"{call.params['owner']}/{call.params['repo']}".lower()
    for one in _installations(call):
        if name in map(str.lower, one.repositories):
            return Answer(body=installation(call.world, one))
    raise not_found()


async def create_token(call: Call) -> Answer:
    """Make an access token for an installation."""
    number = call.number("installation_id")
    found = installation_of(call.world, call.actor, number)
    names = _asked_repositories(call, found)
    token = issue_token(call.world, found, call.body.get("permissions"), names)
    body: Json = {
        "token": token.value,
        "expires_at": time(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "selected",
    }
    if token.narrowed:
        records = [call.world.repository(name) for name in token.repositories]
        body["repositories"] = [repository(call.world, one) for one in records]
    return Answer(body=body, status=201)


def _asked_repositories(call: Call, found: Installation) -> list[str] | None:
    """Return the repositories that a token is narrowed to; None means all."""
    names, ids = call.body.get("repositories"), call.body.get("repository_ids")
    if names is None and ids is None:
        return None
    asked = []
    for full_name in found.repositories:
        record = call.world.repository(full_name)
        if record.name in (names or ()) or record.id in (ids or ()):
            asked.append(full_name)
    if len(asked) < len(names or ()) + len(ids or ()):
        raise RefusedError(
            422,
            "There is at least one repository that does not exist or is not accessible"
            " to the parent installation.",
        )
    return asked


def _installations(call: Call) -> list[Installation]:
    known = call.world.installations.values()
    return [one for one in known if one.app is call.actor.app]


async def installation_repositories(call: Call) -> Answer:
    """Return the repositories that the token reaches."""
    token = call.actor.token
    names = token.repositories if token else ()
    shown = [repository(call.world, call.world.repository(name)) for name in names]
    body = {
        "total_count": len(shown),
        "repository_selection": "selected",
        "repositories": shown,
    }
    return Answer(body=body, pages=True, listed="repositories")


async def hook_config(call: Call) -> Answer:
    """Return where the App's webhooks go, without the secret."""
    config = {"content_type": "json", "insecure_ssl": "0", "secret": "********"}
    return Answer(body={**config, "url": call.actor.app.webhook_url or ""})


async def list_deliveries(call: Call) -> Answer:
    """Return the deliveries to the App, newest first."""
    own = [one for one in call.world.deliveries if one.app is call.actor.app]
    status = call.query.get("status")
    if status in ("success", "failure"):
        ok = range(200, 400)
        own = [one for one in own if (one.status_code in ok) == (status == "success")]
    size = int(call.query.get("per_page") or 30)
    cursor = call.query.get("cursor")
    older = [one for one in reversed(own) if not cursor or one.id < int(cursor)]
    headers = {}
    if len(older) > size:
        url = f"{call.world.api_url}/app/hook/deliveries"
        query = f"per_page={size}&cursor={older[size - 1].id}"
        headers["Link"] = f'<{url}?{query}>; rel="next"'
    return Answer(body=[delivery(one) for one in older[:size]], headers=headers)


async def show_delivery(call: Call) -> Answer:
    """Return one delivery with what was sent and answered."""
    number = call.number("delivery_id")
    for one in call.world.deliveries:
        if one.id == number and one.app is call.actor.app:
            return Answer(body=full_delivery(one))
    raise not_found()


async def redeliver(call: Call) -> Answer:
    """Send a delivery again under the same GUID."""
    number = call.number("delivery_id")
    for one in call.world.deliveries:
        if one.id == number and one.app is call.actor.app:
            call.hooks.again(one)
            return Answer(body={}, status=202)
    raise not_found()


async def convert_manifest(call: Call) -> Answer:
    """Give a new App's credentials for the code that its owner came back with."""
    found = converted(call.world, call.params["code"])
    if found is None:
        raise not_found()
    body = {
        **app(call.world, found),
        "client_id": found.client_id,
        "client_secret": found.client_secret,
        "webhook_secret": found.webhook_secret,
        "pem": found.private_key,
    }
    return Answer(body=body, status=201)


async def rate_limit(call: Call) -> Answer:
    """Return what is left of the hour; asking costs nothing."""
    core = call.limits.facts(call.actor.key)
    resources = dict.fromkeys(("core", "search", "graphql"), core)
    return Answer(body={"resources": resources, "rate": core})


ROUTES = (
    Route(method="GET", path="/app", handler=show_app, by="app"),
    Route(
        method="GET", path="/app/installations", handler=list_installations, by="app"
    ),
    Route(
        method="GET",
        path="/app/installations/{installation_id}",
        handler=show_installation,
        by="app",
    ),
    Route(
        method="POST",
        path="/app/installations/{installation_id}/access_tokens",
        handler=create_token,
        by="app",
    ),
    Route(
        method="GET",
        path="/repos/{owner}/{repo}/installation",
        handler=repository_installation,
        by="app",
    ),
    Route(
        method="GET",
        path="/installation/repositories",
        handler=installation_repositories,
    ),
    Route(method="GET", path="/app/hook/config", handler=hook_config, by="app"),
    Route(method="GET", path="/app/hook/deliveries", handler=list_deliveries, by="app"),
    Route(
        method="GET",
        path="/app/hook/deliveries/{delivery_id}",
        handler=show_delivery,
        by="app",
    ),
    Route(
        method="POST",
        path="/app/hook/deliveries/{delivery_id}/attempts",
        handler=redeliver,
        by="app",
    ),
    Route(
        method="POST",
        path="/app-manifests/{code}/conversions",
        handler=convert_manifest,
        by="anyone",
    ),
    Route(method="GET", path="/rate_limit", handler=rate_limit, by="either"),
)
