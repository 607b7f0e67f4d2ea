"""The file of the App's credentials has its room on the disk before it is needed."""

from pathlib import Path

from bot.app_file import RESERVED, AppFile, made


def test_its_room_is_taken_first_and_what_is_over_is_given_back(
    tmp_path: Path,
) -> None:
    """GitHub gives the credentials once: they must not find the disk full."""
    file = AppFile(tmp_path / "data")
    file.take()
    (draft,) = (tmp_path / "data").iterdir()
    assert draft.stat().st_size == RESERVED
    file.write({"NOFX_APP_ID": "7", "NOFX_PRIVATE_KEY": "a\nb"})
    file.let_go()
    assert file.path.read_text() == 'NOFX_APP_ID="7"\nNOFX_PRIVATE_KEY="a\\nb"\n'
    assert made(file.path.parent, ()) == file.path
    assert list(file.path.parent.iterdir()) == [file.path]
