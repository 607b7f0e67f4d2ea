"""Settings come from the environment, and what is wrong is named."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from bot.setting_values import LogFormat, LogLevel, PublisherKind
from bot.settings import Settings, environment, load_settings, misspelt, variable
from core.errors import SettingsError


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    """Return a private key as PEM."""
    data = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
    )
    return data.decode()


@pytest.fixture(scope="module")
def rsa_pem() -> str:
    """Give an RSA key as GitHub would."""
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with no setting at all, in an empty folder."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def problems() -> str:
    """Return what is wrong with the settings as they stand."""
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def test_everything_has_a_default_that_works_alone() -> None:
    """Nobody needs to set anything to try nofx."""
    settings = load_settings()
    assert settings.mongodb_url is None
    assert settings.data_dir == Path(".nofx")
    assert settings.model == "rules"
    assert settings.publisher is PublisherKind.REST
    assert settings.github_url == "https://api.github.com"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.metrics_port is None
    assert settings.secret_values() == ()


def test_the_environment_sets_every_kind_of_value(
    monkeypatch: pytest.MonkeyPatch, rsa_pem: str
) -> None:
    """Each variable arrives typed; a list is split at its commas."""
    values = {
        "MONGODB_URL": "mongodb://ada:secret@db.example:27017/nofx",
        "NOFX_DATA_DIR": "/var/lib/nofx",
        "NOFX_APP_ID": "7",
        "NOFX_PRIVATE_KEY": rsa_pem.replace("\n", "\\n"),
        "NOFX_WEBHOOK_SECRETS": " first , second,",
        "NOFX_GITHUB_URL": "https://ghe.example/api/v3/",
        "NOFX_PUBLIC_URL": "http://nofx.example/",
        "NOFX_LOG_LEVEL": "DEBUG",
        "NOFX_LOG_FORMAT": "json",
        "NOFX_HOST": "::",
        "PORT": "0",
        "NOFX_MODEL": "",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.app_id == 7
    assert settings.data_dir == Path("/var/lib/nofx")
    assert settings.github_url == "https://ghe.example/api/v3"
    assert settings.public_url == "http://nofx.example"
    assert settings.log_level is LogLevel.DEBUG
    assert settings.log_format is LogFormat.JSON
    assert (settings.host, settings.port, settings.model) == ("::", 0, "rules")
    app = settings.app_credentials()
    assert app.private_key.get_secret_value() == rsa_pem
    assert [one.get_secret_value() for one in app.webhook_secrets] == [
        "first",
        "second",
    ]


def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch, rsa_pem: str) -> None:
    """Neither repr nor JSON of the settings holds a secret, but the mask knows all."""
    monkeypatch.setenv("MONGODB_URL", "mongodb://ada:pass-word@db.example/nofx")
    monkeypatch.setenv("NOFX_WEBHOOK_SECRETS", "hook-secret")
    monkeypatch.setenv("NOFX_PRIVATE_KEY", rsa_pem)
    settings = load_settings()
    shown = f"{settings!r} {settings} {settings.model_dump_json()}"
    shown += f"{load_settings(app_id=1).app_credentials()!r}"
    for secret in ("pass-word", "hook-secret", rsa_pem.splitlines()[1]):
        assert secret not in shown
        assert any(secret in value for value in settings.secret_values())


def test_all_wrong_variables_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One run tells everything that is wrong, with what would be right."""
    monkeypatch.setenv("NOFX_APP_ID", "seven")
    monkeypatch.setenv("PORT", "99999")
    monkeypatch.setenv("NOFX_METRICS_PORT", "http")
    monkeypatch.setenv("MONGODB_URL", "postgres://ada:pass-word@db.example/nofx")
    monkeypatch.setenv("NOFX_PRIVATE_KEY", "-----BEGIN nothing-----")
    monkeypatch.setenv("NOFX_LOG_LEVEL", "loud")
    text = problems()
    assert "NOFX_APP_ID cannot be used (it is 'seven'): it should be the App ID" in text
    assert "PORT cannot be used (it is '99999'): it should be a port" in text
    assert "NOFX_METRICS_PORT cannot be used (it is 'http'): it should be a" in text
    assert "MONGODB_URL cannot be used" in text
    assert "mongodb:// or mongodb+srv:// address" in text
    assert "NOFX_PRIVATE_KEY cannot be used (it does not parse" in text
    assert "debug, info, warning or error" in text
    assert "pass-word" not in text
    assert "BEGIN nothing" not in text


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://ghe.example/api/v3", "plain http"),
        ("http://10.0.0.1/api/v3", "plain http"),
        ("ftp://ghe.example", "not an http address"),
        ("ghe.example", "not an http address"),
        ("https://", "not an http address"),
        ("https://ada:secret@ghe.example", "without a name, password"),
        ("https://ghe.example/?q=1", "without a name, password"),
        ("https://ghe.example:port", "not an address"),
    ],
)
def test_a_github_address_must_keep_tokens_safe(
    monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    """Tokens go only to an https address."""
    monkeypatch.setenv("NOFX_GITHUB_URL", url)
    text = problems()
    assert "NOFX_GITHUB_URL cannot be used" in text
    assert reason in text
    assert "secret" not in text


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:9"])
def test_plain_http_is_fine_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The simulator listens on the loopback without TLS."""
    monkeypatch.setenv("NOFX_GITHUB_URL", f"http://{host}/api/v3")
    assert load_settings().github_url == f"http://{host}/api/v3"


def test_the_road_of_reviews_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The MCP server is a command, or an address to which a token may go."""
    monkeypatch.setenv("NOFX_PUBLISHER", "MCP")
    monkeypatch.setenv("NOFX_MCP_URL", "https://api.githubcopilot.com/mcp/")
    settings = load_settings()
    assert settings.publisher is PublisherKind.MCP
    assert settings.mcp_url == "https://api.githubcopilot.com/mcp"
    monkeypatch.setenv("NOFX_MCP_URL", "http://mcp.example.com")
    monkeypatch.setenv("NOFX_PUBLISHER", "post")
    text = problems()
    assert "plain http would show tokens" in text
    assert "should be rest, or mcp for GitHub's MCP server" in text


def test_a_key_can_lie_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rsa_pem: str
) -> None:
    """NOFX_PRIVATE_KEY_PATH names the file that GitHub lets you download."""
    file = tmp_path / "key.pem"
    file.write_text(rsa_pem)
    monkeypatch.setenv("NOFX_PRIVATE_KEY_PATH", str(file))
    key = load_settings().private_key
    assert key is not None
    assert key.get_secret_value() == rsa_pem


def test_a_key_given_twice_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rsa_pem: str
) -> None:
    """Two keys would leave it open which one signs."""
    file = tmp_path / "key.pem"
    file.write_text(rsa_pem)
    monkeypatch.setenv("NOFX_PRIVATE_KEY_PATH", str(file))
    monkeypatch.setenv("NOFX_PRIVATE_KEY", rsa_pem)
    assert "NOFX_PRIVATE_KEY cannot be used (given twice)" in problems()


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"hello"])
def test_a_key_file_that_holds_no_key_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    """Missing, binary and other files are each told with the variable."""
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("NOFX_PRIVATE_KEY_PATH", str(file))
    assert "NOFX_PRIVATE_KEY_PATH cannot be used" in problems()


def test_only_a_plain_rsa_key_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub signs with RSA, and nobody is there to type a password."""
    monkeypatch.setenv("NOFX_PRIVATE_KEY", pem(ec.generate_private_key(ec.SECP256R1())))
    assert "not RSA" in problems()
    locked = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = pem(locked, BestAvailableEncryption(b"password"))
    monkeypatch.setenv("NOFX_PRIVATE_KEY", text)
    assert "does not parse" in problems()


def test_an_app_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id without a key is told at once, not at the first request."""
    monkeypatch.setenv("NOFX_APP_ID", "7")
    assert "NOFX_PRIVATE_KEY or NOFX_PRIVATE_KEY_PATH is missing" in problems()


def test_the_service_is_told_everything_that_is_missing() -> None:
    """Without an App, its three variables are named together."""
    with pytest.raises(SettingsError) as caught:
        load_settings().app_credentials()
    for name in ("NOFX_APP_ID", "NOFX_PRIVATE_KEY", "NOFX_WEBHOOK_SECRETS"):
        assert f"{name} is missing" in str(caught.value)


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What stands in .env can be overridden for one run."""
    Path(".env").write_text("NOFX_MODEL=from-file\nNOFX_HOST=0.0.0.0\nOTHER=1\n")
    monkeypatch.setenv("NOFX_MODEL", "from-environment")
    settings = load_settings()
    assert (settings.model, settings.host) == ("from-environment", "0.0.0.0")  # noqa: S104  # only compared
    assert load_settings(None).host == "127.0.0.1"


def test_a_dotenv_file_that_is_no_text_is_named() -> None:
    """A binary .env gives a sentence, not a trace."""
    Path(".env").write_bytes(b"\xff\xfe\x00")
    assert ".env cannot be read" in problems()


def test_misspelt_variables_are_found() -> None:
    """A missing S is told with the right name."""
    found = misspelt({"NOFX_WEBHOOK_SECRET": "x", "NOFX_MODEL": "x", "NOFX_ZZZZZ": ""})
    assert found == {
        "NOFX_WEBHOOK_SECRET": "NOFX_WEBHOOK_SECRETS",
        "NOFX_ZZZZZ": None,
    }


def test_settings_cannot_be_changed() -> None:
    """They are read once."""
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


def test_every_setting_says_what_is_right() -> None:
    """No variable can be refused without a word on what would be right."""
    for name, field in Settings.model_fields.items():
        assert field.description, variable(name)
