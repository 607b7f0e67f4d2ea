"""Registers Apps: a key pair, a webhook secret, and what they may do."""

import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.simulator.records import App
from bot.simulator.world import World

PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "checks": "write",
    "issues": "write",
}
EVENTS = (
    "check_run",
    "check_suite",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredentials:
    """What the owner of a new App is told once: `private_key` is PEM text."""

    app_id: int
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    slug: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppWish:
    """What an App asks to be: its name, address, permissions and events."""

    slug: str
    owner: str = "octo"
    webhook_url: str | None = None
    webhook_secret: str | None = None
    permissions: dict[str, str] | None = None
    events: tuple[str, ...] | None = None
    setup_url: str | None = None
    private_key: str | None = None


def register(world: World, wish: AppWish) -> App:
    """Add an App to the world, with a key pair of its own unless one is given."""
    private = wish.private_key or new_private_key()
    secret = wish.webhook_secret
    app = App(
        id=world.new_id(),
        slug=wish.slug,
        owner=wish.owner,
        client_id=f"Iv23li{secrets.token_hex(7)}",
        client_secret=secrets.token_hex(20),
        private_key=private,
        public_key=public_key_of(private),
        webhook_url=wish.webhook_url,
        webhook_secret=secrets.token_hex(20) if secret is None else secret,
        permissions=dict(PERMISSIONS if wish.permissions is None else wish.permissions),
        events=EVENTS if wish.events is None else wish.events,
        created_at=world.now(),
        setup_url=wish.setup_url,
    )
    world.apps[app.id] = app
    return app


def new_private_key() -> str:
    """Return a fresh RSA key as PEM text, in the form that GitHub gives out."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return pem.decode()


def public_key_of(private: str) -> str:
    """Return the public half of a key, as PEM text."""
    # The check of both primes takes longest of all, and a bad key signs nothing valid.
    key = serialization.load_pem_private_key(
        private.encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


def credentials(app: App) -> AppCredentials:
    """Return what the App's owner needs to act as it."""
    return AppCredentials(
        app_id=app.id,
        private_key=app.private_key,
        webhook_secret=app.webhook_secret,
        slug=app.slug,
        client_id=app.client_id,
        client_secret=app.client_secret,
    )
