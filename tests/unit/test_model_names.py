"""Names, keys and addresses of language models, as the settings have them."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model_values import ModelName, names_in, options_of
from bot.models.catalog import Equipment, check_choices, make_chat, make_model
from bot.models.chats import gguf
from bot.settings import Settings, environment, load_settings
from core.clock import SystemClock
from core.errors import ModelFileError, SettingsError, UnknownModelError
from core.sandbox import Sandbox
from core.secrets import shared_finder

KEY = "sk-0123456789abcdef0123456789"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with no setting."""
    for name in environment():
        if name.startswith("NOFX_"):
            monkeypatch.delenv(name)


def settings(**values: object) -> Settings:
    """Return settings with some values set."""
    return load_settings(None, **values)


def equipment(**values: object) -> Equipment:
    """Return what reviewers are built from with these settings."""
    return Equipment(
        sandbox=Sandbox(),
        finder=shared_finder(),
        clock=SystemClock(),
        options=options_of(settings(**values)),
    )


@pytest.mark.parametrize("name", ["openia:gpt-5", "local:/m/a.bin", "gpt-5"])
def test_a_wrong_name_is_told_in_one_sentence(name: str) -> None:
    """With the forms that there are as the way out."""
    with pytest.raises(UnknownModelError) as caught:
        make_chat(name, equipment(model=name))
    assert str(caught.value) == f"There is no model named {name!r}."
    assert "anthropic:NAME" in caught.value.way_out


def test_names_are_read_in_order() -> None:
    """Spaces around them say nothing."""
    assert names_in("openai:gpt-5-mini, local:/m/a.gguf") == (
        ModelName(provider="openai", model="gpt-5-mini"),
        ModelName(provider="local", model="/m/a.gguf"),
    )


@pytest.mark.parametrize(
    "name",
    ["", "rules", "gpt-5", "openai:", "azure:x", "local:/m/a.bin", "openai:a,", ","],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    """With the forms that there are."""
    with pytest.raises(ValueError, match=r"form|gguf"):
        names_in(name)


@given(st.text())
def test_any_text_is_a_name_or_refused(text: str) -> None:
    """Nothing else comes of it, and a name is written as it was read."""
    try:
        names = names_in(text)
    except ValueError:
        return
    assert names_in(",".join(map(str, names))) == names


def test_a_key_is_shown_to_one_service_alone() -> None:
    """The key without a service's name belongs to the first model's."""
    chosen = "anthropic:claude-sonnet-4-6,openai:gpt-5-mini"
    keys = options_of(settings(model=chosen, model_key=KEY)).keys
    assert set(keys) == {"anthropic"}
    both = settings(model=chosen, model_key=KEY, openai_key="other-key-of-openai")
    assert set(options_of(both).keys) == {"anthropic", "openai"}
    assert {KEY, "other-key-of-openai"} <= set(both.secret_values())
    assert KEY not in f"{both!r}{options_of(both)!r}{both.model_dump_json()}"


def test_a_missing_key_is_named_with_its_variable() -> None:
    """At the start, for each model that the settings name."""
    for model, variable in (
        ("openai:gpt-5-mini", "NOFX_OPENAI_KEY"),
        ("anthropic:claude-sonnet-4-6", "NOFX_ANTHROPIC_KEY"),
        ("google:gemini-2.5-flash", "NOFX_GOOGLE_KEY"),
    ):
        with pytest.raises(SettingsError, match=variable):
            check_choices(equipment(model=model))
        with pytest.raises(SettingsError, match=variable):
            check_choices(equipment(models=model))
        assert make_chat(model, equipment(model=model, model_key=KEY)).name == model


def test_a_service_of_ones_own_may_need_no_key() -> None:
    """An Ollama in the next container is asked without one."""
    chosen = "openai:qwen3"
    own = equipment(model=chosen, model_url="http://ollama:11434/v1/")
    assert make_chat(chosen, own).name == chosen
    assert own.options.url == "http://ollama:11434/v1"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://ollama:11434/v1", "plain http"),
        ("ollama", "not an http address"),
        ("https://me:pw@host/v1", "without a name, password"),
    ],
)
def test_a_key_is_not_sent_in_the_clear(url: str, reason: str) -> None:
    """Neither the key nor a password in the address is repeated."""
    with pytest.raises(SettingsError, match=reason) as caught:
        settings(model="openai:x", model_key=KEY, model_url=url)
    assert "NOFX_MODEL_URL" in str(caught.value)
    assert KEY not in str(caught.value)
    assert "me:pw" not in str(caught.value)


def test_only_models_that_the_settings_name_can_be_chosen() -> None:
    """A command cannot make the service ask whom its owner did not choose."""
    parts = equipment(
        model="openai:gpt-5-mini,google:gemini-2.5-flash",
        models="anthropic:claude-sonnet-4-6",
        openai_key=KEY,
        anthropic_key=KEY,
        google_key=KEY,
    )
    assert make_model("rules", parts).is_model is False
    assert make_model("anthropic:claude-sonnet-4-6", parts).is_model
    both = make_model("openai:gpt-5-mini,google:gemini-2.5-flash", parts)
    assert both.name == "openai:gpt-5-mini,google:gemini-2.5-flash"
    for name in ("openai:gpt-5", "local:/etc/passwd.gguf", "gpt-5", ""):
        with pytest.raises(UnknownModelError) as caught:
            make_model(name, parts)
        assert "rules" in caught.value.way_out
        assert "anthropic:claude-sonnet-4-6" in caught.value.way_out


def test_a_wrong_name_in_the_settings_is_told_with_the_forms() -> None:
    """Whoever set it learns what would be right."""
    with pytest.raises(UnknownModelError, match="gpt-5") as caught:
        check_choices(equipment(model="gpt-5"))
    assert "openai:NAME" in caught.value.way_out


@given(st.binary(max_size=200))
def test_any_bytes_are_a_model_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """A damaged file is an error of its own, whatever is in it."""
    path = tmp_path_factory.mktemp("gguf") / "a.gguf"
    for content in (data, gguf.MAGIC + data):
        path.write_bytes(content)
        with suppress(ModelFileError):
            assert gguf.trained_context(path) >= 0


def test_the_context_is_read_past_other_values(tmp_path: Path) -> None:
    """Texts and lists before it are passed over."""
    path = tmp_path / "a.gguf"
    text, number = (8).to_bytes(4, "little"), (4).to_bytes(4, "little")

    def word(value: str) -> bytes:
        return len(value).to_bytes(8, "little") + value.encode()

    two = (2).to_bytes(8, "little")
    path.write_bytes(
        gguf.MAGIC
        + (3).to_bytes(4, "little")
        + bytes(8)
        + (4).to_bytes(8, "little")
        + (word("general.name") + text + word("a name"))
        + (
            word("list")
            + (9).to_bytes(4, "little")
            + text
            + two
            + word("a")
            + word("b")
        )
        + (word("numbers") + (9).to_bytes(4, "little") + number + two + bytes(8))
        + (word("llama.context_length") + number + (4096).to_bytes(4, "little"))
    )
    assert gguf.trained_context(path) == 4096
