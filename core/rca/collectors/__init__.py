"""What a bundle is made of: one collector for each part of it."""

from core.rca.collectors.analysis import AnalysisCollector
from core.rca.collectors.artifacts import ArtifactsCollector
from core.rca.collectors.checkpoints import CheckpointsCollector
from core.rca.collectors.diffs import DiffsCollector
from core.rca.collectors.effects import EffectsCollector, ExchangesCollector
from core.rca.collectors.events import EventsCollector, LeftCollector
from core.rca.collectors.gates import ApprovalsCollector, GatesCollector
from core.rca.collectors.logs import LogsCollector
from core.rca.collectors.metrics import MetricsCollector
from core.rca.collectors.model import ModelCollector
from core.rca.collectors.parts import Part
from core.rca.collectors.run import (
    ConfigCollector,
    EnvironmentCollector,
    RunCollector,
)
from core.rca.collectors.usage import UsageCollector

__all__ = ["COLLECTORS", "Part"]
COLLECTORS: tuple[type[Part], ...] = (
    RunCollector,
    ConfigCollector,
    EnvironmentCollector,
    EventsCollector,
    LeftCollector,
    LogsCollector,
    CheckpointsCollector,
    DiffsCollector,
    ArtifactsCollector,
    GatesCollector,
    ApprovalsCollector,
    EffectsCollector,
    ExchangesCollector,
    ModelCollector,
    MetricsCollector,
    UsageCollector,
    AnalysisCollector,
)
