"""A delivery is stored without secrets, and otherwise as it came."""

import base64
import json
from typing import Any

import pytest

from bot.webhooks.clearing import Clearing
from core.secrets import Masker, shared_finder
from tests.fakes.payloads import pull

TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
OWN = "our-own-webhook-secret"


@pytest.fixture(scope="module")
def clearing() -> Clearing:
    """Give one to all: loading the rules takes seconds."""
    finder = shared_finder()
    finder.warm()
    return Clearing(Masker([OWN], finder=finder))


def cleared(clearing: Clearing, payload: dict[str, Any]) -> Any:
    """Return what would be stored, read again."""
    return json.loads(clearing.cleared(json.dumps(payload).encode(), payload))


def test_what_holds_no_secret_is_stored_as_it_came(clearing: Clearing) -> None:
    """Byte by byte, blanks included."""
    payload = pull("opened", note="héllo \u200b \ud83c")
    content = json.dumps(payload, indent=3).encode()
    assert clearing.cleared(content, payload) == content


@pytest.mark.parametrize(
    "hidden",
    [
        TOKEN,
        "\u200b".join(TOKEN),
        base64.encodebytes(f"a text around {TOKEN} is wrapped".encode()).decode(),
        "".join(f"%{ord(c):02x}" for c in TOKEN),
        OWN,
    ],
)
def test_what_people_hide_is_masked(clearing: Clearing, hidden: str) -> None:
    """The rest of the payload stays as it was."""
    found = cleared(clearing, pull("opened", comment={"body": f"see: {hidden}"}))
    assert found.pop("comment")["body"].startswith("see: [masked:")
    assert found == pull("opened")


def test_an_address_that_holds_a_password_is_masked(clearing: Clearing) -> None:
    """Also where GitHub's own addresses stand, which are not looked at so closely."""
    address = "https://app:hunter22hunter@ci.example/x"
    found = cleared(clearing, pull("opened", status={"target_url": address}))
    assert "hunter22" not in str(found)


def test_a_mask_stays_within_its_text(clearing: Clearing) -> None:
    """What looks like one secret over two fields leaves JSON that can be read."""
    payload = pull("opened", a="postgres://app:", b="hunter22@db.internal/x", c=TOKEN)
    found = cleared(clearing, payload)
    assert (found["a"], found["b"]) == ("postgres://app:", "hunter22@db.internal/x")
    assert TOKEN not in str(found)
