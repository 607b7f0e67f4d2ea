"""`nofx deliveries`: webhooks that were given up, and trying them again."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import complain, guarded, run
from bot.cli.tables import minute, table
from bot.plain import counted
from bot.terminal import emit
from core.errors import OptionsError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from bot.webhooks.deliveries import Deliveries
    from bot.webhooks.delivery import DeadLetter

deliveries = typer.Typer(
    name="deliveries",
    no_args_is_help=True,
    help="List webhooks that were given up, and try them again.",
)


@deliveries.command("list")
@guarded
def list_dead(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List the deliveries that failed too often, oldest first, of the last week.

    For example:

    ```
    nofx deliveries list
    nofx deliveries list --json
    ```
    """
    letters = run(context, lambda service, settings: service.on_base(settings, _dead))
    if as_json:
        emit(_json(letters))
        return
    rows = [
        (
            one.guid,
            one.event + (f".{one.action}" if one.action else ""),
            minute(one.received_at),
            str(one.attempts),
            one.reason,
        )
        for one in letters
    ]
    if not rows:
        complain("None was given up.")
        return
    emit(table(("delivery", "event", "received", "tries", "why"), rows))


@deliveries.command()
@guarded
def retry(
    context: typer.Context,
    guid: Annotated[list[str] | None, typer.Argument(help="Which ones.")] = None,
    *,
    all_of_them: Annotated[
        bool, typer.Option("--all", help="Every one that was given up.")
    ] = False,
) -> None:
    """Let `nofx serve` try deliveries again that were given up.

    For example:

    ```
    nofx deliveries retry 0b989ba4-242f-11e5-81e1-c7b6966d2516
    nofx deliveries retry --all
    ```
    """
    if bool(guid) == all_of_them:
        reason = "name deliveries, or give --all"
        raise OptionsError(reason=reason, command="deliveries retry")

    async def again(base: "Base") -> Sequence[str]:
        kept = _kept(base)
        wanted = guid or [one.guid for one in await kept.dead()]
        for one in wanted:
            await kept.redeliver(one)
        return wanted

    done = run(context, lambda service, settings: service.on_base(settings, again))
    again_for = counted(len(done), "delivery")
    complain(f"{again_for} will be tried again.")


async def _dead(base: "Base") -> Sequence["DeadLetter"]:
    return await _kept(base).dead()


def _kept(base: "Base") -> "Deliveries":
    from bot.webhooks.deliveries import Deliveries  # noqa: PLC0415  # for types above

    return Deliveries(base.database, clock=base.clock)


def _json(letters: Sequence["DeadLetter"]) -> str:
    facts = [
        {**asdict(one), "received_at": one.received_at.isoformat()} for one in letters
    ]
    return f"{json.dumps({'deliveries': facts}, indent=2)}\n"
