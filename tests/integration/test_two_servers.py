"""Two servers on one database hear of one commit: GitHub shows one check of it."""

from bot.app import running
from bot.reviews import Wish
from tests.fakes.road import REPO, Road


async def test_what_one_server_is_about_to_show_no_other_shows(road: Road) -> None:
    """GitHub takes its time, and the other does not take the first for dead."""
    slow = road.github.faults.add(
        kind="slow", method="POST", path=r"/check-runs$", seconds=4
    )
    async with running(road.settings, host="127.0.0.1", port=0, workers=0) as other:
        number = await road.open_pull()
        await road.until(lambda: slow.times == 0)
        wish = Wish(
            repository=REPO,
            number=number,
            installation_id=None,
            request_id="delivery/other",
            reason="synchronize",
            requested_by="alice",
        )
        answer = await other.operations.request(wish)
        await road.until_checked(number)
        (run,) = await road.until_runs_end()
    assert answer.run is not None
    assert (answer.run.id, answer.fresh) == (run["_id"], False)
    assert len(road.github.check_runs(REPO, road.head(number))) == 1
