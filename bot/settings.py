"""Settings from the environment and an optional `.env`, read once, frozen."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import app_file, memory_key_values, memory_values, model_values, work_values
from bot.private_keys import rsa_key
from bot.setting_values import (
    KEY_FORM,
    URL_FORM,
    AppCredentials,
    KeyFile,
    LogFormat,
    LogLevel,
    MongodbUrl,
    PublisherKind,
    http_url,
    own_cache,
    read_key,
    safe_for_tokens,
)
from core.errors import SettingsError

PREFIX = "NOFX_"
SECRET = frozenset({"mongodb_url", "private_key", "webhook_secrets"})
SECRET |= {"notify_url", "notify_secret", "token"}
SECRET |= memory_key_values.SECRET | model_values.SECRET
LONGEST_SHOWN = 80
EnvFile = Path | tuple[Path | None, ...] | None


class Settings(BaseSettings):
    """Everything that can be set, each by one variable.

    A field's description ends the sentence "it should be …" of an error message.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    mongodb_url: MongodbUrl = Field(
        default=None, validation_alias=AliasChoices("MONGODB_URL")
    )
    data_dir: Path = Field(default=Path(".nofx"), description="the path of a folder")
    cache_dir: Path = Field(
        default_factory=lambda: own_cache(os.environ),
        description="the path of a folder that only this user can write",
    )
    app_id: int | None = Field(
        default=None,
        ge=1,
        description="the App ID, a positive number on the App's settings page",
    )
    private_key_path: KeyFile = None
    private_key: SecretStr | None = Field(
        default=None, validate_default=True, description=KEY_FORM
    )
    webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="the webhook's secrets, separated by commas, the current one first",
    )
    github_url: str = Field(default="https://api.github.com", description=URL_FORM)
    public_url: str | None = Field(
        default=None,
        description="the http or https address at which GitHub and people reach nofx",
    )
    model: model_values.Model = model_values.RULES
    models: model_values.Models = ()
    model_key: model_values.Key = None
    openai_key: model_values.Key = None
    anthropic_key: model_values.Key = None
    google_key: model_values.Key = None
    model_url: model_values.Url = None
    model_seconds: model_values.Seconds = 300
    review_tokens: model_values.Tokens = model_values.MOST_TOKENS
    review_usd: model_values.Usd = 0
    publisher: PublisherKind = Field(
        default=PublisherKind.REST, description="rest, or mcp for GitHub's MCP server"
    )
    mcp_command: work_values.McpCommand = None
    mcp_url: work_values.McpUrl = None
    oidc_issuer: work_values.OidcIssuer = work_values.ACTIONS
    log_level: LogLevel = Field(
        default=LogLevel.INFO, description="debug, info, warning or error"
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="auto, json or console"
    )
    host: work_values.Host = "127.0.0.1"
    port: int = Field(
        default=8080,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("PORT"),
        description="a port from 1 to 65535, or 0 for any free one",
    )
    metrics_port: work_values.MetricsPort = None
    workers: work_values.Slots = 2
    runs_per_repository: work_values.AtOnce = 2
    runs_per_installation: work_values.AtOnce = 8
    lease_seconds: work_values.LeaseSeconds = 60
    run_seconds: work_values.RunSeconds = 7200
    watch_queue: work_values.WatchQueue = True
    drain_seconds: work_values.DrainSeconds = 20
    require_approval: work_values.RequireApproval = False
    resolve_threads: work_values.ResolveThreads = False
    write_spacing_seconds: work_values.WriteSpacing = 1
    event_retention: work_values.RetentionDays = 0
    bundles: work_values.Bundles = "auto"
    bundle_retention: work_values.BundleDays = 30
    memory_key_file: memory_key_values.KeyFile = None
    memory_keys: memory_key_values.Keys = None
    memory_key_names: memory_key_values.KeyNames = ()
    memory_key_url: memory_key_values.KeyUrl = None
    memory_key_token: memory_key_values.KeyToken = None
    memory_key_service: memory_key_values.KeyService = None
    memory_days: memory_values.Days = 90
    memory_backup_days: memory_values.BackupDays = 30
    memory_kind_days: memory_values.KindDays = ()
    memory_sliding: memory_values.Sliding = True
    memory_alerts: memory_values.Thresholds = memory_values.ALERTS
    memory_grace_days: memory_values.GraceDays = 3
    notify_url: memory_values.NotifyUrl = None
    notify_secret: memory_values.NotifySecret = None
    url: work_values.ServiceUrl = None
    token: work_values.ServiceToken = None
    streams: work_values.Streams = 2000
    streams_per_token: work_values.Streams = 500

    @field_validator("private_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None, info: ValidationInfo) -> object:
        path = info.data.get("private_key_path")
        if value is None:
            return SecretStr(read_key(path)) if path is not None else None
        if path is not None:
            raise ValueError("given twice")
        pem = value.get_secret_value().replace("\\n", "\n").strip() + "\n"
        rsa_key(pem)
        return SecretStr(pem)

    @field_validator("webhook_secrets", "memory_key_names", "models", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("log_level", "log_format", "publisher", "bundles", mode="before")
    @classmethod
    def _in_small_letters(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("github_url", "oidc_issuer", "memory_key_url", "mcp_url", "url")
    @classmethod
    def _is_safe_for_tokens(cls, value: str | None) -> str | None:
        return value if value is None else safe_for_tokens(value)

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        return value if value is None else http_url(value).rstrip("/")

    @model_validator(mode="after")
    def _app_has_both_halves(self) -> Self:
        if self.app_id is not None and self.private_key is None:
            raise ValueError(
                f"NOFX_PRIVATE_KEY or NOFX_PRIVATE_KEY_PATH is missing beside"
                f" NOFX_APP_ID: it should be {KEY_FORM}."
            )
        return self

    @model_validator(mode="after")
    def _model_url_is_safe(self) -> Self:
        model_values.options_of(self)
        return self

    def app_credentials(self) -> AppCredentials:
        """Return what the service needs to act as its GitHub App.

        Raises SettingsError that names every variable that is missing.
        """
        if self.app_id is None or self.private_key is None or not self.webhook_secrets:
            missing = [
                _missing(name)
                for name in ("app_id", "private_key", "webhook_secrets")
                if not getattr(self, name)
            ]
            raise SettingsError(problems="\n".join(missing))
        return AppCredentials(
            app_id=self.app_id,
            private_key=self.private_key,
            webhook_secrets=self.webhook_secrets,
        )

    def secret_values(self) -> tuple[str, ...]:
        """Return every secret in the clear, for masking it wherever it might appear."""
        notify = (self.notify_url, self.notify_secret, self.token)
        secrets = (self.mongodb_url, self.private_key, *self.webhook_secrets, *notify)
        secrets += model_values.secrets_of(self)
        values = tuple(secret.get_secret_value() for secret in secrets if secret)
        file, token = self.memory_key_file or self.own_keys, self.memory_key_token
        return values + memory_key_values.secrets_in(self.memory_keys, file, token)

    @property
    def own_keys(self) -> Path | None:
        """Return where the embedded database has keys of its own, None with others."""
        keys = self.memory_keys or self.memory_key_file or self.memory_key_service
        return None if keys or self.mongodb_url else self.data_dir / "memory.keys"


def load_settings(env_file: Path | None = Path(".env"), **values: object) -> Settings:
    """Read the settings; `values` by field name win over the environment.

    Raises SettingsError that names every wrong variable and what would be right.
    """
    try:
        settings = _read(env_file, values)
        # What `nofx setup` made is left out where a .env is: it may be a change's too.
        made = env_file and app_file.made(settings.data_dir, settings.model_fields_set)
        return _read((made, env_file), values) if made else settings
    except ValidationError as error:
        problems = [
            _problem(item["loc"], item["type"], item["msg"], item["input"])
            for item in error.errors(include_url=False)
        ]
        raise SettingsError(problems="\n".join(dict.fromkeys(problems))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(problems=f"{env_file} cannot be read: {error}") from None


def _read(env_file: EnvFile, values: Mapping[str, object]) -> Settings:
    return Settings(
        _env_file=env_file,  # type: ignore[call-arg]  # hidden from type checkers
        **values,  # type: ignore[arg-type]  # checked by pydantic
    )


def environment() -> Mapping[str, str]:
    """Return the environment, for programs that are started and a check of names."""
    return dict(os.environ)


def misspelt(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return variables that look like ours but are none, each with the nearest name."""
    known = {variable(name) for name in Settings.model_fields}
    strays = [name for name in environ if name.startswith(PREFIX) and name not in known]
    nearest = {name: get_close_matches(name, known, n=1) for name in strays}
    return {name: match[0] if match else None for name, match in nearest.items()}


def variable(field: str) -> str:
    """Return the environment variable of a field, for example `NOFX_MODEL`."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return f"{PREFIX}{field.upper()}"


def _problem(loc: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    """Say in one sentence which variable is wrong and what would be right.

    The value is shown only where it can be no secret: pydantic refused its plain type.
    """
    reason = message.removeprefix("Value error, ")
    if not loc:
        return reason
    fields = Settings.model_fields
    field = next(name for name in fields if loc[0] in (name, variable(name)))
    if kind != "value_error" and field not in SECRET:
        reason = f"it is {str(value)[:LONGEST_SHOWN]!r}"
    right = fields[field].description
    return f"{variable(field)} cannot be used ({reason}): it should be {right}."


def _missing(field: str) -> str:
    """Say in one sentence which variable is missing and what it should hold."""
    right = Settings.model_fields[field].description
    return f"{variable(field)} is missing: it should be {right}."
