"""Each cause is provoked for real, and is the first that the report names."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from _pytest.mark import ParameterSet

from core.clock import SystemClock
from core.rca.causes import RULES
from core.store.embedded import EmbeddedServer
from tests.fakes.log_lines import production_log
from tests.faults.rca_of_github import GITHUB
from tests.faults.rca_of_limits import LIMITS
from tests.faults.rca_of_models import MODELS
from tests.faults.rca_of_people import PEOPLE
from tests.faults.rca_of_workers import DATABASE, WORKERS
from tests.faults.rca_provoking import Provoked
from tests.faults.rca_scene import Scene, set_scene

MATRIX = (*GITHUB, *PEOPLE, *MODELS, *LIMITS, *WORKERS)


def params(rows: Sequence[Provoked]) -> list[ParameterSet]:
    """Return rows of the matrix as tests, those that take long marked."""
    slow = (pytest.mark.slow, pytest.mark.timeout(300))
    return [
        pytest.param(row, id=row.id, marks=slow if row.slow else ()) for row in rows
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, mongodb_url: str
) -> AsyncIterator[Scene]:
    """Give one bot for all that are quick to provoke."""
    folder = tmp_path_factory.mktemp("rca")
    with production_log():
        async with set_scene(folder, mongodb_url, "rca_causes") as scene:
            yield scene


@pytest.fixture
def scene(stage: Scene) -> Iterator[Scene]:
    """Give the bot, and take the faults back at the end."""
    yield stage
    stage.road.github.faults.clear()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("row", params(MATRIX))
async def test_a_provoked_cause_stands_first(scene: Scene, row: Provoked) -> None:
    """The table's row names it, and the sentence says more than the name."""
    await provoke(scene, row)


@pytest.mark.parametrize("row", params(DATABASE))
async def test_a_database_that_is_lost_stands_first(
    tmp_path: Path, row: Provoked
) -> None:
    """It is killed under a run, and the run is told of afterwards."""
    # Nobody watches it and starts it again by himself.
    server = EmbeddedServer(tmp_path / "db", clock=SystemClock())
    await server.open()
    try:
        async with set_scene(tmp_path, server.url, "lost") as scene:
            scene.server = server
            await provoke(scene, row)
    finally:
        await server.close()


def test_every_rule_is_provoked() -> None:
    """Nothing is said to be found that was never there."""
    assert set(RULES) <= {row.name for row in (*MATRIX, *DATABASE)}


async def provoke(scene: Scene, row: Provoked) -> None:
    """Do what a row says, and hold what is found against it."""
    analysis = await scene.analysis(await row.do(scene), row.limits)
    said = [f"{one.confidence} {one.name}: {one.sentence}" for one in analysis.causes]
    print(f"{row.id}\n", *said, sep="\n  ")  # noqa: T201 # pytest shows it on a miss
    assert row.hit(analysis), said
