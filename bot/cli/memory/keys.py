"""`nofx memory keys`: which keys wrap sessions' keys, and their rotation."""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.cli.actor import at_keyboard
from bot.cli.exits import Exit
from bot.cli.running import guarded, run, working
from bot.cli.tables import minute, table
from bot.plain import counted, one_line
from bot.terminal import emit
from core.errors import OptionInvalidError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from core.memory.keys.rotation import KeyLine, Rewrapped, Rotation

T = TypeVar("T")
keys = typer.Typer(
    name="keys", no_args_is_help=True, help="Rotate the keys that memory stands on."
)
KeyId = Annotated[str, typer.Argument(help="The key's id.", metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
HEADS = ("KEY", "STATE", "UNDER IT", "CHECK", "ADDED", "HERE")
SHOWN = 8


@keys.callback()
def group() -> None:
    """Rotate the keys that memory stands on: add, promote, rewrap, retire."""


def generate(
    key_id: Annotated[
        str, typer.Argument(help="A name that no key has had yet.", metavar="ID")
    ],
) -> None:
    """Print a line `id:key` with a fresh key, for the file of keys.

    Nothing is stored: append the line to the file of every process.

    For example:

    ```
    nofx memory keys generate k2 >> memory.keys
    ```
    """
    from core.memory.envelope import new_key  # noqa: PLC0415  # help can spare it
    from core.memory.keys.written import line_of  # noqa: PLC0415  # as above

    emit(f"{line_of(key_id, new_key())}\n")


def list_keys(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List every key that was ever added, what is under it, and whether it is here.

    CHECK is the beginning of a key's check value: it tells two keys of one name apart,
    and nothing of either.

    For example:

    ```
    nofx memory keys list
    ```
    """
    lines = _rotate(context, lambda rotation: rotation.keys())
    if as_json:
        emit(_json([_facts(one) for one in lines]))
    else:
        emit(table(HEADS, [_row(one) for one in lines]))


def add(context: typer.Context, key_id: KeyId) -> None:
    """Make a key known that lies in the file, the variable or the key service.

    Every process must have been given it before it is promoted.

    For example:

    ```
    nofx memory keys add k2
    ```
    """
    _rotate(context, lambda rotation: rotation.add(key_id, actor=at_keyboard()))
    emit(f"Key {one_line(key_id)} is known. Next: nofx memory keys promote ID\n")


def promote(context: typer.Context, key_id: KeyId) -> None:
    """Wrap the keys of new sessions with this key, in every process within seconds.

    For example:

    ```
    nofx memory keys promote k2
    ```
    """
    _rotate(context, lambda rotation: rotation.promote(key_id, actor=at_keyboard()))
    emit(f"Key {one_line(key_id)} is active. Next: nofx memory keys rewrap\n")


def rewrap(
    context: typer.Context,
    *,
    most: Annotated[
        int | None, typer.Option(min=1, help="End after so many; go on another time.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Wrap with the active key what is under others; exit code 1 if some does not open.

    It can run beside the work and beside itself, and be ended at any time.

    For example:

    ```
    nofx memory keys rewrap
    ```
    """
    with working("Wrapping keys anew"):
        done = _rotate(
            context, lambda rotation: rotation.rewrap(actor=at_keyboard(), most=most)
        )
    emit(_json(_moved(done)) if as_json else _sentence(done))
    if done.broken:
        raise typer.Exit(Exit.FOUND)


def retire(
    context: typer.Context,
    key_id: KeyId,
    *,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; kept with your name.")
    ] = "",
    force_shred: Annotated[
        bool,
        typer.Option("--force-shred", help="Also if sessions become unreadable by it."),
    ] = False,
) -> None:
    """Let a key open nothing any more; refused while anything is under it.

    Then take it out of the file, and destroy it. With `--force-shred`, and a reason,
    what is under it is lost for good.

    For example:

    ```
    nofx memory keys retire k1
    ```
    """
    if force_shred and not reason.strip():
        raise OptionInvalidError(option="--reason", reason="--force-shred needs one")
    lost = _rotate(
        context,
        lambda rotation: rotation.retire(
            key_id, actor=at_keyboard(), reason=reason, force=force_shred
        ),
    )
    unreadable = f" {counted(lost, 'session')} cannot be read any more." if lost else ""
    emit(f"Key {one_line(key_id)} is retired.{unreadable}\n")


def _rotate(
    context: typer.Context,
    call: "Callable[[Rotation], Coroutine[object, object, T]]",
) -> T:
    async def on_base(base: "Base") -> T:
        return await call(base.memory.keyring().rotation)

    return run(context, lambda service, settings: service.on_base(settings, on_base))


def _row(one: "KeyLine") -> Sequence[str]:
    under = ", ".join(f"{count} {name}" for name, count in one.under.items())
    here = "" if one.state == "retired" else one.trouble or "proved"
    added = minute(one.key.added_at)
    return one.key.id, one.state, under or "nothing", _check(one)[:SHOWN], added, here


def _facts(one: "KeyLine") -> Mapping[str, Any]:
    key = one.key
    dates = {
        name: getattr(key, name)
        for name in ("added_at", "promoted_at", "replaced_at", "retired_at")
    }
    return {
        "id": key.id,
        "state": one.state,
        "under": dict(one.under),
        "check": _check(one) or None,
        "proved": one.state != "retired" and not one.trouble,
        "trouble": one.trouble,
        **{name: date.isoformat() if date else None for name, date in dates.items()},
    }


def _check(one: "KeyLine") -> str:
    return one.key.check.hex() if one.key.check is not None else ""


def _moved(done: "Rewrapped") -> Mapping[str, Any]:
    return {
        "active": done.active,
        "moved": done.moved,
        "left": done.left,
        "broken": list(done.broken),
    }


def _sentence(done: "Rewrapped") -> str:
    said = f"{done.moved} moved to {one_line(done.active)}, {done.left} left.\n"
    broken = [f"Does not open, so it stays: {one_line(one)}\n" for one in done.broken]
    return said + "".join(broken)


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


COMMANDS: Mapping[str, Callable[..., None]] = {
    "list": list_keys,
    "add": add,
    "promote": promote,
    "rewrap": rewrap,
    "retire": retire,
    "generate": generate,
}
for name, command in COMMANDS.items():
    keys.command(name)(guarded(command))
