"""The settings of memory's keys: one place, usable, and masked wherever they appear."""

import base64
from pathlib import Path

import pytest

from bot.settings import environment, load_settings
from core.errors import SettingsError

ONE, TWO = (base64.b64encode(byte * 32).decode() for byte in (b"\xfb", b"2"))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with no setting."""
    for name in environment():
        if name.startswith("NOFX_") or name == "MONGODB_URL":
            monkeypatch.delenv(name)


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Write a file of memory's keys."""
    path = folder / "keys"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_each_key_of_memory_is_a_secret_in_every_form(tmp_path: Path) -> None:
    """From a variable, a file, or the embedded database's own file."""
    path = key_file(tmp_path, f"k1:{ONE}\nk2:{TWO}\n")
    own = tmp_path / "memory.keys"
    own.write_text(path.read_text())
    own.chmod(0o600)
    for settings in (
        load_settings(None, memory_keys=f"k1:{ONE},k2:{TWO}"),
        load_settings(None, memory_key_file=path),
        load_settings(None, data_dir=tmp_path),
    ):
        secrets = settings.secret_values()
        for key in (b"\xfb" * 32, b"2" * 32):
            assert {
                base64.b64encode(key).decode().rstrip("="),
                base64.urlsafe_b64encode(key).decode().rstrip("="),
                key.hex(),
                key.hex().upper(),
            } <= set(secrets)
    assert "hvs.x" in load_settings(None, memory_key_token="hvs.x").secret_values()


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (f"k1:{ONE}", 0o644, "chmod 600"),
        ("k1:short", 0o600, "no Base64"),
        (f"k1:{ONE}\nk1:{TWO}", 0o600, "the id k1 is there twice"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_is_named_without_its_keys(
    tmp_path: Path, text: str, mode: int, said: str
) -> None:
    """The error says which variable, which file, and what to do."""
    path = key_file(tmp_path, text, mode)
    with pytest.raises(SettingsError) as caught:
        load_settings(None, memory_key_file=path)
    message = str(caught.value)
    assert "NOFX_MEMORY_KEY_FILE" in message
    assert str(path) in message
    assert said in message
    assert ONE not in message
    with pytest.raises(SettingsError, match="NOFX_MEMORY_KEYS"):
        load_settings(None, memory_keys="k1:short")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "NOFX_MEMORY_KEY_NAMES is missing"),
        ({"memory_key_names": "a,b"}, "NOFX_MEMORY_KEY_URL is missing"),
        ({"memory_keys": f"k1:{ONE}"}, "keys are given beside it"),
        (
            {"memory_key_names": "a", "memory_key_url": "http://vault.example"},
            "plain http would show tokens",
        ),
    ],
)
def test_a_key_service_needs_what_it_needs(values: dict[str, str], said: str) -> None:
    """And there are no other keys beside it."""
    with pytest.raises(SettingsError, match=said):
        load_settings(None, memory_key_service="vault", **values)


def test_a_key_service_is_set_up_by_names() -> None:
    """They are split at commas, as its own client takes them."""
    settings = load_settings(
        None, memory_key_service="aws", memory_key_names="alias/a, alias/b,"
    )
    assert settings.memory_key_names == ("alias/a", "alias/b")
    assert settings.own_keys is None
