"""Installs an App on repositories; those of one owner share an installation."""

from collections.abc import Mapping

from bot.simulator.records import App, Installation, Repository
from bot.simulator.world import World


def install(
    world: World,
    app: App,
    record: Repository,
    permissions: Mapping[str, str] | None = None,
) -> Installation:
    """Return the installation that now covers a repository."""
    for known in world.installations.values():
        if known.app is app and known.account == record.owner:
            if record.full_name not in known.repositories:
                known.repositories.append(record.full_name)
            return known
    made = Installation(
        id=world.new_id(),
        app=app,
        account=record.owner,
        repositories=[record.full_name],
        permissions=dict(app.permissions if permissions is None else permissions),
        created_at=world.now(),
    )
    world.installations[made.id] = made
    return made
