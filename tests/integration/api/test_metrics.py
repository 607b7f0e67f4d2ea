"""What a request costs is found under its endpoint, however it was answered."""

import pytest

from tests.fakes.api import ApiStage
from tests.fakes.measures import Measures

CALLS = "nofx_handler_duration_seconds_count"
CPU = "nofx_handler_cpu_seconds_total"


@pytest.mark.parametrize(
    ("path", "secret", "status", "handler"),
    [
        ("/runs", None, 200, "api:GET /runs"),
        ("/runs/run_unknown", None, 404, "api:GET /runs/{run_id}"),
        ("/runs?limit=lots", None, 422, "api:GET /runs"),
        ("/runs", "nofx_wrong", 401, "api:GET /runs"),
    ],
)
async def test_a_request_is_accounted_under_its_endpoint(
    api: ApiStage, path: str, secret: str | None, status: int, handler: str
) -> None:
    """By the template of its path: an id in it makes no series of its own."""
    measures = Measures()
    answer = await api.ask(path, secret=secret)
    assert answer.status == status
    assert measures.all_moved(CALLS) == {(handler,): 1}
    assert set(measures.all_moved(CPU)) == {(handler,)}


async def test_what_is_no_endpoint_is_nobodys(api: ApiStage) -> None:
    """Whoever looks for doors leaves no names behind."""
    measures = Measures()
    assert (await api.ask("/admin.php")).status == 404
    assert measures.all_moved(CALLS) == {}
