"""`nofx setup`: makes the GitHub App by two clicks."""

from typing import Annotated

import typer

from bot.cli.running import run


def setup(
    context: typer.Context,
    *,
    organization: Annotated[
        str | None,
        typer.Option(help="Whose App it is to be; else your own account's."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Its name, which no other App at GitHub has; else nofx."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; else NOFX_HOST, else 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; else PORT, else 8080."),
    ] = None,
) -> None:
    """Make the GitHub App: open the link that is printed, and confirm at GitHub.

    NOFX_PUBLIC_URL says where GitHub will reach nofx. The credentials go to the file
    `app.env` in NOFX_DATA_DIR, which the other commands read by themselves.

    For example:

    ```
    NOFX_PUBLIC_URL=https://nofx.example nofx setup
    nofx setup --organization octo --name octo-nofx
    ```
    """
    from bot.setup.making import SetupWish  # noqa: PLC0415  # help must not wait for it

    run(
        context,
        lambda service, settings: service.setup(
            settings,
            SetupWish(
                host=settings.host if host is None else host,
                port=settings.port if port is None else port,
                name=name,
                organization=organization,
            ),
        ),
    )
