"""Runs every check of `nofx doctor`, in the order in which people set things up."""

from collections.abc import Mapping

from bot.doctor.machine import (
    check_data_dir,
    check_git,
    check_names,
    check_sandbox,
    check_webhook_secrets,
)
from bot.doctor.memory import check_memory
from bot.doctor.model import check_model
from bot.doctor.needs import check_app, check_database
from bot.doctor.publisher import check_publisher
from bot.doctor.results import CheckResult, run_checks
from bot.settings import Settings
from core.clock import Clock
from core.sandbox.sandbox import Sandbox
from core.store.schema import Schema


async def examine(
    settings: Settings,
    *,
    schema: Schema,
    environ: Mapping[str, str],
    clock: Clock,
    ask: bool = False,
) -> tuple[CheckResult, ...]:
    """Check everything; nothing changes, but an embedded server makes its folder.

    With `ask` a language model is put one tiny question, which may cost something.
    """
    sandbox = Sandbox()
    return await run_checks(
        (
            ("settings", lambda: check_names(environ)),
            ("git", lambda: check_git(environ)),
            ("data folder", lambda: check_data_dir(settings)),
            ("database", lambda: check_database(settings, schema)),
            ("session memory", lambda: check_memory(settings, clock)),
            ("GitHub App", lambda: check_app(settings, clock)),
            ("publisher", lambda: check_publisher(settings, clock)),
            ("webhook secrets", lambda: check_webhook_secrets(settings)),
            ("model", lambda: check_model(settings, sandbox, clock, ask=ask)),
            ("sandbox", lambda: check_sandbox(sandbox)),
        )
    )
