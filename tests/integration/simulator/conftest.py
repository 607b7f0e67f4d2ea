"""What the simulator's tests ask for: a stage with one open pull request."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.git_repository import GitRepository
from tests.fakes.simulated_github import (
    SimulatedGitHub,
    model_repository,
    simulated_github,
)


@pytest.fixture(scope="session")
def hello(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    """Give the repository that is copied for each test."""
    return model_repository(tmp_path_factory.mktemp("model") / "hello.git")


@pytest.fixture
async def github(
    tmp_path: Path, hello: GitRepository
) -> AsyncIterator[SimulatedGitHub]:
    """Give a started simulator, an App that listens, and a caller with its token."""
    async with simulated_github(tmp_path, FakeClock(), hello) as stage:
        yield stage
