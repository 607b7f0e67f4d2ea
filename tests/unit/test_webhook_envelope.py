"""Opening a delivery: signature first, then headers, then JSON."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks.delivery import Arrival, Delivery
from bot.webhooks.envelope import (
    claimed_signature,
    is_signed,
    open_envelope,
    usable_secrets,
)
from core.clock import SystemClock
from core.errors import (
    DeliveryCorruptError,
    DeliveryMalformedError,
    DeliveryTooLargeError,
    WebhookSecretMissingError,
    WebhookSignatureError,
)

SECRET = b"a secret"


def signed(body: bytes) -> dict[str, str]:
    """Return the headers with which GitHub would send `body`."""
    return {
        "X-Hub-Signature-256": f"sha256={hmac.digest(SECRET, body, 'sha256').hex()}",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Event": "pull_request",
        "Content-Type": "application/json",
    }


def held(arrival: Arrival) -> Delivery:
    """Return the delivery as a worker gets it back from the store."""
    return Delivery(
        guid=arrival.guid,
        event=arrival.event,
        received_at=SystemClock().now(),
        attempts=1,
        excused=0,
        token="claim_1",
        packed=arrival.packed,
        digest=arrival.digest,
    )


def test_githubs_own_example_signature_holds() -> None:
    """The vector that GitHub's documentation gives for checking one's code."""
    headers = {
        "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a"
        "37570b6d7586c22c46f4379c8b043e17"
    }
    signature = claimed_signature(headers)

    assert is_signed(b"Hello, World!", signature, [b"It's a Secret to Everybody"])
    assert not is_signed(b"Hello, World?", signature, [b"It's a Secret to Everybody"])
    assert not is_signed(b"Hello, World!", signature, [b"It's a secret to everybody"])


@given(st.binary(max_size=200), st.lists(st.binary(min_size=1), min_size=1), st.data())
def test_any_current_secret_opens_what_it_signed(
    body: bytes, secrets: list[bytes], data: st.DataObject
) -> None:
    """While secrets rotate, each of the list is as good as the first."""
    secret = data.draw(st.sampled_from(secrets))
    signature = hmac.digest(secret, body, "sha256")

    assert is_signed(body, signature, secrets)
    assert not is_signed(body + b"!", signature, secrets)


@pytest.mark.parametrize(
    "claimed",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 63,
        "sha256=" + "g" * 64,
        "sha256=" + "0" * 65,
        "sha256=" + "\u0660" * 64,
        "sha1=" + "0" * 40,
        "0" * 64,
    ],
)
def test_a_misshapen_signature_is_refused(claimed: str) -> None:
    """Whatever stands in the header, the answer is a refusal and no exception."""
    with pytest.raises(WebhookSignatureError):
        claimed_signature({"X-Hub-Signature-256": claimed})


def test_a_signature_by_sha1_alone_does_not_count() -> None:
    """GitHub still sends the old header beside the new one; it never suffices."""
    body = b"{}"
    headers = {"X-Hub-Signature": f"sha1={hmac.digest(SECRET, body, 'sha1').hex()}"}

    with pytest.raises(WebhookSignatureError, match="X-Hub-Signature-256"):
        open_envelope(headers, body, [SECRET])


@pytest.mark.parametrize("secrets", [[], [b""], [b"good", b""]])
def test_nofx_never_runs_without_a_secret(secrets: list[bytes]) -> None:
    """No secret, or an empty one that anybody could sign with, stops the start."""
    with pytest.raises(WebhookSecretMissingError, match="No webhook secret"):
        usable_secrets(secrets)


def test_what_was_sent_comes_back() -> None:
    """The worker sees the payload that GitHub signed."""
    payload = {"action": "opened", "title": "naïve ☃ \x00", "numbers": [1, 2.5, None]}
    body = json.dumps(payload).encode()

    arrival = open_envelope(signed(body), body, [SECRET])

    assert (arrival.event, arrival.action) == ("pull_request", "opened")
    assert held(arrival).payload() == payload


def test_a_form_carries_its_json_in_payload() -> None:
    """A webhook may be set to GitHub's other content type; the raw form is signed."""
    text = json.dumps({"action": "opened", "body": "a & b = c; ü"}, ensure_ascii=False)
    body = f"payload={quote_plus(text)}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

    arrival = open_envelope(signed(body) | form, body, [SECRET])

    assert held(arrival).payload() == json.loads(text)


@pytest.mark.parametrize("body", [b"other=1", b"payload=%7B", b"payload=\xff", b""])
def test_a_form_without_json_is_malformed(body: bytes) -> None:
    """A form that carries no payload, or half a one, is refused."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    with pytest.raises(DeliveryMalformedError):
        open_envelope(signed(body) | form, body, [SECRET])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Hello, World!",
        b'{"action": ',
        b"[1]",
        b'"text"',
        b"null",
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_object_is_malformed(body: bytes) -> None:
    """Half a document, another kind of value, noise, and a tower of brackets."""
    with pytest.raises(DeliveryMalformedError, match="JSON"):
        open_envelope(signed(body), body, [SECRET])


@pytest.mark.parametrize("name", ["X-GitHub-Delivery", "X-GitHub-Event"])
@pytest.mark.parametrize("value", [None, "", "with space", "ü", "x" * 101])
def test_a_header_that_is_not_githubs_is_named(name: str, value: str | None) -> None:
    """Without its GUID and event a delivery cannot be stored."""
    headers = {k: v for k, v in signed(b"{}").items() if k != name}
    headers |= {} if value is None else {name: value}

    with pytest.raises(DeliveryMalformedError, match=name):
        open_envelope(headers, b"{}", [SECRET])


@pytest.mark.parametrize(
    ("action", "stored"),
    [(5, None), (None, None), ("x" * 200, "x" * 100), ("\ud800!", "?!")],
)
def test_an_odd_action_can_still_be_stored(action: object, stored: str | None) -> None:
    """The action is a note for operators: it is cut and cleaned, never a refusal."""
    body = json.dumps({"action": action}).encode()

    assert open_envelope(signed(body), body, [SECRET]).action == stored


def test_a_body_that_no_document_holds_is_refused() -> None:
    """Noise does not shrink, and MongoDB's documents end at 16 MiB."""
    noise = hashlib.shake_256(b"seed").digest(17_000_000).decode("latin-1")
    body = json.dumps({"noise": noise}, ensure_ascii=False).encode()

    with pytest.raises(DeliveryTooLargeError, match="when compressed"):
        open_envelope(signed(body), body, [SECRET])


@pytest.mark.parametrize("harm", [{"digest": "0" * 64}, {"packed": b"no zstd"}])
def test_a_body_that_changed_in_the_store_is_not_worked(
    harm: dict[str, Any],
) -> None:
    """A disk that lies is noticed: by the digest, or because it is no zstd."""
    arrival = open_envelope(signed(b"{}"), b"{}", [SECRET])

    with pytest.raises(DeliveryCorruptError, match=arrival.guid):
        held(replace(arrival, **harm)).payload()
