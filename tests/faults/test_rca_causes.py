"""Each cause is provoked for real, and is the first that the report names."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.log_lines import production_log
from tests.faults.rca_of_github import GITHUB
from tests.faults.rca_of_limits import LIMITS
from tests.faults.rca_of_models import MODELS
from tests.faults.rca_of_people import PEOPLE
from tests.faults.rca_provoking import Provoked
from tests.faults.rca_scene import Scene, set_scene

MATRIX = (*GITHUB, *PEOPLE, *MODELS, *LIMITS)
ROWS = [
    pytest.param(
        row,
        id=row.id,
        marks=[pytest.mark.slow, pytest.mark.timeout(300)] if row.slow else [],
    )
    for row in MATRIX
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, mongodb_url: str
) -> AsyncIterator[Scene]:
    """Give one bot for all that are quick to provoke."""
    folder = tmp_path_factory.mktemp("rca")
    with production_log():
        async with set_scene(folder, mongodb_url, "rca_causes", lambda one: one) as made:
            yield made


@pytest.fixture
def scene(stage: Scene) -> Iterator[Scene]:
    """Give the bot, and take the faults back at the end."""
    yield stage
    stage.road.github.faults.clear()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("row", ROWS)
async def test_a_provoked_cause_stands_first(scene: Scene, row: Provoked) -> None:
    """The table's row names it, and the sentence says more than the name."""
    run_id = await row.do(scene)
    analysis = await scene.analysis(run_id, row.limits)
    for cause in analysis.causes:
        print(cause.confidence, cause.name, cause.sentence)
    assert row.hit(analysis), [one.name for one in analysis.causes]
