"""`nofx token`: makes, lists and revokes the tokens of the API."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.running import complain, guarded, run
from bot.cli.spans import span
from bot.cli.tables import minute, table
from bot.terminal import emit
from core.access.tokens import EVERYWHERE, Scope, Token
from core.clock import SystemClock

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from core.access.service import Issued

token = typer.Typer(
    name="token", no_args_is_help=True, help="Make, list and revoke API tokens."
)
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


@token.command()
@guarded
def create(  # one argument an option
    context: typer.Context,
    *,
    scope: Annotated[
        list[Scope],
        typer.Option(help="What it allows; each scope includes those before it."),
    ],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    repository: Annotated[
        list[str] | None,
        typer.Option(help="owner/name or owner/*; else every repository."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="After how long, as 12h, 30d or 8w; else never.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; its secret is shown once, alone on standard output.

    For example:

    ```
    nofx token create --scope read --name dashboard
    nofx token create --scope operate --repository octo/hello --expires 30d --json
    ```
    """
    life = span(expires) if expires is not None else None
    issued = run(
        context,
        lambda service, settings: service.on_base(
            settings,
            lambda base: base.tokens.create(
                scope, name=name, repositories=repository or EVERYWHERE, life=life
            ),
        ),
    )
    if as_json:
        emit(_json({**_facts(issued.token), "secret": issued.secret}))
        return
    emit(f"{issued.secret}\n")
    complain(*_words(issued))


@token.command("list")
@guarded
def list_tokens(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List every token, oldest first, without its secret.

    For example:

    ```
    nofx token list
    nofx token list --json
    ```
    """
    tokens = run(
        context,
        lambda service, settings: service.on_base(
            settings, lambda base: base.tokens.list()
        ),
    )
    if as_json:
        emit(_json([_facts(one) for one in tokens]))
    elif not tokens:
        emit("There is no token. Make one: nofx token create --scope read\n")
    else:
        emit(table(HEADS, [_row(one) for one in tokens]))


@token.command()
@guarded
def revoke(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The eight letters after nofx_.")],
    *,
    as_json: AsJson = False,
) -> None:
    """End a token now and for good.

    For example:

    ```
    nofx token revoke Ab3dEf9h
    ```
    """
    ended = run(
        context,
        lambda service, settings: service.on_base(
            settings, lambda base: base.tokens.revoke(prefix)
        ),
    )
    if as_json:
        emit(_json(_facts(ended)))
        return
    emit(f"Token {ended.prefix} is revoked.\n")


HEADS = ("PREFIX", "STATE", "SCOPES", "REPOSITORIES", "CREATED", "EXPIRES", "NAME")


def _row(one: Token) -> Sequence[str]:
    return (
        one.prefix,
        _state(one),
        ", ".join(one.scopes),
        ", ".join(one.repositories),
        minute(one.created_at),
        minute(one.expires_at) if one.expires_at else "never",
        one.name,
    )


def _state(one: Token) -> str:
    return one.ended(SystemClock().now()) or "valid"


def _facts(one: Token) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "prefix": one.prefix,
        "name": one.name,
        "scopes": list(one.scopes),
        "repositories": list(one.repositories),
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat() if one.expires_at else None,
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
        "state": _state(one),
    }


def _words(issued: "Issued") -> Sequence[str]:
    """Say what was made, and that the secret will not be shown again."""
    one = issued.token
    ends = f"until {minute(one.expires_at)}" if one.expires_at else "until revoked"
    where = ", ".join(one.repositories)
    return (
        f"A token for {', '.join(one.scopes)} on {where}, {ends}.",
        "It is shown only now; the database keeps no more than its SHA-256.",
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
