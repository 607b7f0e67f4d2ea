"""A change on this machine is found, and every bad input is one clear error."""

import io
import json
from pathlib import Path

import pytest

from bot.pipeline import changes
from bot.pipeline.changes import (
    LocalChange,
    change_from_diff,
    change_from_event,
    change_from_refs,
    read_diff,
    read_event,
)
from bot.pipeline.checkout import Checkout, git_version
from bot.settings import environment
from core.errors import (
    DiffTooLargeError,
    EmptyChangeError,
    EventFileError,
    FileUnreadableError,
    GitMissingError,
    GitReadError,
    NoCommonHistoryError,
    NofxError,
    NotARepositoryError,
    UnknownRefError,
)
from core.review.hunks import Status, parse_diff
from tests.fakes.git_repository import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """Give a repository whose branch `feature` left `main` one commit ago."""
    repository = GitRepository(tmp_path / "repo")
    start = repository.commit({"a.py": "a = 1\n" * 9, "gone.py": "x\n", "old": "o\n"})
    repository.commit(
        {
            "a.py": "a = 1\n" * 8 + "a = 2\n",
            "gone.py": None,
            "new dir/é.py": "n\n",
            "logo.png": b"\x89PNG\0",
            b"\xff.py".decode("utf-8", "surrogateescape"): "b\n",
        },
        "Change a\n\nBecause of b.\n",
        branch="feature",
        start=start,
    )
    repository.commit({"main.py": "only on main\n"})
    return repository


def checkout(folder: Path) -> Checkout:
    """Return the checkout as the command line makes it."""
    return Checkout(folder, environment())


async def change(folder: Path, base: str, head: str) -> LocalChange:
    """Return the change between two refs."""
    return await change_from_refs(checkout(folder), base, head)


async def test_a_change_is_what_the_head_did_since_it_left_the_base(
    repository: GitRepository,
) -> None:
    """Commits that came to the base later are not part of it."""
    found = await change(repository.path, "main", "feature")
    diff = parse_diff(found.diff)
    assert {file.path for file in diff.files} == {
        "a.py",
        "gone.py",
        "new dir/é.py",
        "logo.png",
        "\udcff.py",
    }
    assert (found.title, found.description) == ("Change a", "Because of b.")
    assert found.base_sha == repository.head("main")
    assert found.head_sha == repository.head("feature")


async def test_files_are_those_that_a_reviewer_can_read(
    repository: GitRepository,
) -> None:
    """Removed and binary files are absent, odd names are kept."""
    found = await change(repository.path, "main", "feature")
    assert found.files == {
        "a.py": b"a = 1\n" * 8 + b"a = 2\n",
        "new dir/é.py": b"n\n",
        "\udcff.py": b"b\n",
    }


async def test_renames_are_seen_and_bounds_are_kept(repository: GitRepository) -> None:
    """A renamed file comes under its new name; what is too large stays out."""
    start = repository.head("main") or ""
    content = "long enough to be known again\n" * 20
    repository.commit({"one.py": content}, branch="r", start=start)
    base = repository.head("r") or ""
    head = repository.commit({"one.py": None, "two.py": content + "x\n"}, branch="r")
    found = await change(repository.path, base, head)
    (file,) = parse_diff(found.diff).files
    assert (file.status, file.old_path) == (Status.RENAMED, "one.py")
    assert list(found.files) == ["two.py"]
    place = checkout(repository.path)
    sizes = {"max_file": 10, "max_total": 1_000}
    assert await place.changed_files(base, head, **sizes) == {}
    total = {"max_file": 1_000, "max_total": 10}
    assert await place.changed_files(base, head, **total) == {}


async def test_a_folder_inside_the_repository_will_do(tmp_path: Path) -> None:
    """--repo may name any folder of a clone, and the whole change is meant."""
    repository = GitRepository(tmp_path / "bare")
    first = repository.commit({"sub/a.py": "1\n", "b.py": "1\n"})
    second = repository.commit({"sub/a.py": "2\n", "b.py": "2\n"})
    repository.git("worktree", "add", "--quiet", str(tmp_path / "tree"), second)
    found = await change(tmp_path / "tree" / "sub", first, second)
    assert set(found.files) == {"sub/a.py", "b.py"}


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "nowhere",
        "--upload-pack=touch /tmp/x",
        "-h",
        "main\0x",
        "main:a.py",
        "\udcff",
    ],
)
async def test_a_ref_that_names_no_commit_is_told(
    repository: GitRepository, ref: str
) -> None:
    """An option is no ref, whoever wrote it."""
    with pytest.raises(UnknownRefError):
        await change(repository.path, ref, "feature")
    with pytest.raises(UnknownRefError):
        await change(repository.path, "main", ref)


async def test_no_repository_is_told(tmp_path: Path) -> None:
    """Neither an empty folder nor a missing one is a repository."""
    with pytest.raises(NotARepositoryError, match="not a git repository"):
        await change(tmp_path, "main", "HEAD")
    with pytest.raises(NotARepositoryError, match="no such folder"):
        await change(tmp_path / "missing", "main", "HEAD")


async def test_no_difference_is_told(repository: GitRepository) -> None:
    """A branch compared with itself has no change."""
    with pytest.raises(EmptyChangeError, match="between main and main"):
        await change(repository.path, "main", "main")


async def test_strangers_have_no_common_history(repository: GitRepository) -> None:
    """Two roots cannot be compared."""
    stranger = GitRepository(repository.path, branch="stranger")
    sha = stranger.commit({"s.py": "s\n"}, start="")
    tree = stranger.git("rev-parse", f"{sha}^{{tree}}").decode().strip()
    root = stranger.git(
        *("-c", "user.name=Ada", "-c", "user.email=ada@example.com"),
        *("commit-tree", tree, "-m", "Root"),
    )
    with pytest.raises(NoCommonHistoryError):
        await change(repository.path, "main", root.decode().strip())


async def test_a_huge_diff_is_refused_before_it_fills_memory(
    repository: GitRepository,
) -> None:
    """Reading stops at the bound."""
    place = checkout(repository.path)
    base, head = repository.head("main") or "", repository.head("feature") or ""
    with pytest.raises(DiffTooLargeError, match="more than 100 bytes"):
        await place.diff(base, head, max_bytes=100)
    with pytest.raises(GitReadError):
        await place.diff(base, "0" * 40, max_bytes=100)


async def test_the_repositorys_configuration_starts_nothing(
    repository: GitRepository, tmp_path: Path
) -> None:
    """External diff programs of a strange repository do not run, prefixes stay."""
    trap = tmp_path / "trap"
    for key in ("diff.external", "core.fsmonitor", "diff.trap.textconv"):
        repository.git("config", key, f"touch {trap};")
    repository.git("config", "diff.noprefix", "true")
    attributes = repository.path / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("*.py diff=trap\n")
    found = await change(repository.path, "main", "feature")
    assert b"+++ b/a.py" in found.diff
    assert not trap.exists()


async def test_variables_of_an_outer_git_do_not_lead_astray(
    repository: GitRepository,
) -> None:
    """Inside a git hook GIT_DIR names another repository; --repo wins."""
    place = Checkout(repository.path, {**environment(), "GIT_DIR": "/nowhere"})
    assert (await place.commit("feature")).sha == repository.head("feature")


async def test_no_git_is_told(tmp_path: Path) -> None:
    """Without git only a diff can be reviewed."""
    with pytest.raises(GitMissingError):
        await git_version({"PATH": str(tmp_path)})
    assert (await git_version(environment())).startswith("git version 2")


def event(repository: GitRepository, **changes: object) -> bytes:
    """Return a pull_request payload of the feature branch."""
    pull = {
        "title": "A title",
        "body": None,
        "base": {"sha": repository.head("main")},
        "head": {"sha": repository.head("feature")},
        "more": 1,
        **changes,
    }
    payload = {"pull_request": pull, "repository": {"full_name": "octo/hello"}}
    return json.dumps(payload).encode()


async def test_an_event_names_its_commits(repository: GitRepository) -> None:
    """Title and repository come from the payload, code from the clone."""
    found = await change_from_event(checkout(repository.path), event(repository))
    assert (found.repository, found.title, found.description) == (
        "octo/hello",
        "A title",
        "",
    )
    assert found.head_sha == repository.head("feature")
    assert "a.py" in found.files


@pytest.mark.parametrize(
    "changes", [{"base": {"sha": "--output=x"}}, {"head": {}}, {"title": None}]
)
async def test_an_event_that_is_no_pull_request_is_told(
    repository: GitRepository, changes: dict[str, object]
) -> None:
    """The first wrong field is named, and nothing from it reaches git."""
    with pytest.raises(EventFileError, match=next(iter(changes))):
        await change_from_event(checkout(repository.path), event(repository, **changes))


async def test_an_event_that_is_not_json_is_told(repository: GitRepository) -> None:
    """Binary noise is no payload."""
    for noise in (b"", b"\xff\x00", b"[]", b"{"):
        with pytest.raises(EventFileError):
            await change_from_event(checkout(repository.path), noise)


def test_a_diff_alone_has_no_files(tmp_path: Path) -> None:
    """From a file or a pipe, bytes come through unchanged."""
    file = tmp_path / "x.diff"
    file.write_bytes(b"--- \xff\n")
    assert read_diff(file, io.BytesIO) == b"--- \xff\n"
    assert read_diff(None, lambda: io.BytesIO(b"piped")) == b"piped"
    found = change_from_diff(b"piped", "standard input")
    assert (found.diff, found.files, found.base_sha) == (b"piped", {}, None)
    with pytest.raises(EmptyChangeError, match="in standard input"):
        change_from_diff(b" \n", "standard input")


def test_input_that_is_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One byte over the bound is enough, and no more is read."""
    monkeypatch.setattr(changes, "MAX_DIFF", 4)
    monkeypatch.setattr(changes, "MAX_EVENT", 4)
    pipe = io.BytesIO(b"123456789")
    with pytest.raises(DiffTooLargeError):
        read_diff(None, lambda: pipe)
    assert pipe.tell() == 5
    file = tmp_path / "event.json"
    file.write_bytes(b"12345")
    with pytest.raises(EventFileError, match="more than 4 bytes"):
        read_event(file)
    file.write_bytes(b"1234")
    assert read_event(file) == b"1234"


@pytest.mark.parametrize("name", ["missing", ".", "nul\0"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    """A missing file, a folder and an impossible name each give a sentence."""
    with pytest.raises(FileUnreadableError) as caught:
        read_diff(tmp_path / name, io.BytesIO)
    assert isinstance(caught.value, NofxError)
