"""Composition of what answers commands in comments, over the bot's services."""

from bot.commands.bundles import BundleCommands
from bot.commands.buttons import Buttons
from bot.commands.deciding import GateCommands
from bot.commands.findings import FindingCommands
from bot.commands.handlers import Commands
from bot.commands.questions import QuestionCommands
from bot.commands.remembering import MemoryCommands
from bot.commands.running import RunCommands
from bot.pipeline.state import Artifacts
from bot.settings import Settings
from bot.wiring import Parts
from core.runs.work import Work


def commands_on(parts: Parts, settings: Settings) -> Commands:
    """Put together what answers `/nofx …`; raises UnknownModelError."""
    base, site = parts.base, settings.public_url
    return Commands(
        runs=RunCommands(
            runs=base.runs,
            reviews=parts.reviews,
            operations=parts.operations,
            site=site,
        ),
        questions=QuestionCommands(
            runs=base.runs,
            choices=base.choices(settings.model),
            artifacts=Artifacts(base.blobs),
            work=Work(base.database, clock=base.clock),
            audit=base.audit,
            mask=base.masker.mask,
        ),
        gates=GateCommands(
            runs=base.runs, decisions=base.decisions, operations=parts.operations
        ),
        wishes=MemoryCommands(memory=parts.memories, audit=base.audit),
        bundles=BundleCommands(runs=base.runs, rca=parts.rca, site=site),
        findings=FindingCommands(
            findings=base.findings,
            audit=base.audit,
            runs=base.runs,
            artifacts=Artifacts(base.blobs),
            mask=base.masker.mask,
        ),
        configs=parts.configs,
        app=parts.app,
    )


def buttons_on(parts: Parts, settings: Settings) -> Buttons:
    """Put together what the buttons of a check run do."""
    runs = parts.base.runs
    return Buttons(
        runs=runs,
        operations=parts.operations,
        bundles=BundleCommands(runs=runs, rca=parts.rca, site=settings.public_url),
        app=parts.app,
    )
