"""Changes made to mislead: whoever reads the review, or the review itself."""

from tests.fakes.road import REPO, RISKY, Road

LINK = b"""\
commit refs/heads/feature
committer Ada <ada@example.com> 1780000000 +0000
data 5
Link
from %s
M 120000 inline link.py
data 6
app.py
done
"""


async def test_a_link_is_not_taken_for_what_it_leads_to(road: Road) -> None:
    """GitHub answers with the other file's content, which nobody changed."""
    start = road.base_sha.encode()
    road.repository.git("fast-import", "--quiet", "--done", data=LINK % start)
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert check["conclusion"] == "neutral"
    assert "symbolic link" in check["output"]["summary"]


async def test_a_move_that_switches_something_on_is_not_green(road: Road) -> None:
    """Not a line of it changes, and yet GitHub would run it."""
    flow = "on: push\njobs: {}\n"
    start = road.repository.commit({"notes.txt": flow}, "Keep notes")
    moved = {"notes.txt": None, ".github/workflows/ci.yml": flow}
    road.repository.commit(moved, "Tidy up", branch="feature", start=start)
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert check["conclusion"] == "neutral"
    assert ".github/workflows/ci.yml" in check["output"]["summary"]


async def test_a_bar_in_a_name_does_not_break_out_of_the_summary(road: Road) -> None:
    """Behind it a mention or an image would come alive, for a bar ends a cell."""
    many = "import subprocess\n" + 'subprocess.run("ls", shell=True)\n' * 31
    road.repository.commit({"many.py": many, "z|@octo.py": RISKY}, branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    await road.until_checked(number)
    (summary,) = road.summaries(number)
    assert "`z¦@octo.py:8`" in summary
    assert "|@octo" not in summary
