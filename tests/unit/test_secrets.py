"""Secrets are found where they stand, and never survive a mask."""

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from core.secrets import Masker, SecretFinder, SecretMatch, find, shared_finder
from core.secrets.forms import forms

TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
LONG_TOKEN = "ghs_" + "eyJ.abc-DEF_" * 40
KEY_LINES = [f"{line:02d}" + "QmFzZTY0" * 7 + "ab+/cd" for line in range(20)]
BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
PRIVATE_KEY = "\n".join([BEGIN, *KEY_LINES, END, ""])


@pytest.fixture(scope="module")
def finder() -> SecretFinder:
    """Give one finder for all tests: loading its rules takes seconds."""
    finder = shared_finder()
    finder.warm()
    return finder


def test_a_token_is_found_with_its_line(finder: SecretFinder) -> None:
    """Offsets and line point at the secret itself."""
    text = f"first\ntoken = '{TOKEN}'\n"
    (match,) = finder.find(text)
    assert text[match.start : match.end] == TOKEN
    assert match.line == 2
    assert match.rule == "betterleaks.github-pat"
    assert match.name == "GitHub Personal Access Token"
    assert not match.validated


def test_one_finder_serves_the_process() -> None:
    """The plain function finds the same."""
    assert [match.line for match in find(f"x = '{TOKEN}'")] == [1]


@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        (LONG_TOKEN, "nofx.github-installation-token"),
        ("nofx_a1B2c3D4_" + "a1B2c3D4" * 4, "nofx.token"),
        (PRIVATE_KEY.strip(), "betterleaks.private-key"),
        ("\n".join([BEGIN, *KEY_LINES[:3]]), "nofx.private-key"),
    ],
)
def test_what_the_scanner_misses_is_found(
    finder: SecretFinder, secret: str, rule: str
) -> None:
    """Our own patterns add the tokens of 2026, our tokens, and keys cut short."""
    text = f'before "{secret}" after'
    (match,) = finder.find(text)
    assert text[match.start : match.end] == secret
    assert match.rule == rule


def test_offsets_count_in_the_unit_given(finder: SecretFinder) -> None:
    """Bytes in bytes, characters in text, whatever stands before."""
    text = f"Grüße 🎉 \udcff '{TOKEN}'"
    (match,) = finder.find(text)
    assert text[match.start : match.end] == TOKEN
    data = f"Grüße 🎉 '{TOKEN}'".encode() + b"\xff"
    (match,) = finder.find(data)
    assert data[match.start : match.end] == TOKEN.encode()


@pytest.mark.parametrize("noise", [b"a\0b\0c\0" * 50, b"\xff\xfe", b"\xfe\xff"])
def test_noise_does_not_hide_a_secret(finder: SecretFinder, noise: bytes) -> None:
    """Bytes that look like UTF-16 do not garble what stands behind them."""
    data = noise + b" '" + TOKEN.encode() + b"'"
    (match,) = finder.find(data)
    assert data[match.start : match.end] == TOKEN.encode()


def test_a_comment_cannot_hide_a_secret(finder: SecretFinder) -> None:
    """The scanner's own ignore comments do not count."""
    text = f"x = '{TOKEN}'  # kingfisher:ignore gitleaks:allow nosec"
    assert len(finder.find(text)) == 1


def test_overlapping_matches_are_one(finder: SecretFinder) -> None:
    """One secret found by two rules is one match."""
    url = "mongodb://user:q8Zk3LmV9xT2wBnR5cYd@10.0.0.1:27017/x"
    assert len(finder.find(url)) == 1


def test_ordinary_text_has_no_secrets(finder: SecretFinder) -> None:
    """Digests, ids, addresses and the names of our metrics are left alone."""
    text = (
        f"{'a1b2c3d4' * 5} run_01hxabcdefghijklmnopqrstuv https://a.example/x?y=1"
        " nofx_handler_duration_seconds_bucket nofx_github_rate_limit_remaining"
    )
    assert finder.find(text) == []
    assert Masker((), finder=finder).mask(text) == text


def test_rules_can_be_kept(tmp_path: Path) -> None:
    """With a folder for them the compiled rules are stored, and find the same."""
    finder = SecretFinder(cache_dir=tmp_path)
    assert len(finder.find(TOKEN)) == 1
    assert any(tmp_path.rglob("*"))


def _ways(secret: str) -> list[str]:
    """Return how a credential turns up in logs, addresses, headers and JSON."""
    return [
        secret,
        repr(secret),
        json.dumps({"key": secret}),
        json.dumps({"key": secret}, ensure_ascii=False),
        json.dumps(json.dumps({"key": secret})),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        *(
            encode(prefix + secret.encode() + b"!?").decode()
            for encode in (base64.b64encode, base64.urlsafe_b64encode)
            for prefix in (b"", b"x", b"xy", b"x-access-token:")
        ),
    ]


@given(st.text(st.characters(codec="utf-8"), min_size=12, max_size=40))
@example('pass"word\\with/every=thing+&<é\n')
@settings(max_examples=60, deadline=None)
def test_no_form_of_a_credential_survives(secret: str) -> None:
    """However it is written, the value itself is gone, and Base64 of it too."""
    if len(secret.strip()) < 12:
        return
    masker = Masker([secret], finder=_Nothing())
    for text in _ways(secret):
        masked = masker.mask(f"before {text} after")
        assert "[masked:own-credential]" in masked
        assert secret.strip() not in masked


class _Nothing(SecretFinder):
    """Finds nothing, so that only the exact forms are at work."""

    @override
    def find_likely(self, text: str) -> list[SecretMatch]:
        return []


def test_a_key_is_masked_line_by_line(finder: SecretFinder) -> None:
    """A few lines of our private key, as a log might show them, are masked too."""
    masker = Masker([PRIVATE_KEY], finder=finder)
    assert KEY_LINES[7] not in masker.mask(f"line: {KEY_LINES[7]}!")


def test_short_values_are_counted(finder: SecretFinder) -> None:
    """A credential too short to mask is not masked, and that can be told."""
    masker = Masker(["abc", "", "long-enough"], finder=finder)
    assert masker.unmaskable == 1
    assert masker.mask("abc long-enough") == "abc [masked:own-credential]"
    assert forms("abc") == set()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"token {TOKEN}", TOKEN),
        (f"token {LONG_TOKEN}", LONG_TOKEN),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ('{"authorization": "Basic dXNlcjpwYXNz"}', "dXNlcjpwYXNz"),
        ("postgres://app:hunter22@db.internal/x", "hunter22"),
        (PRIVATE_KEY.replace("\n", "\\n"), KEY_LINES[3]),
        (f"{BEGIN}\n{KEY_LINES[0]}\n{KEY_LINES[1]}", KEY_LINES[1]),
    ],
)
def test_what_looks_like_a_secret_is_masked(
    finder: SecretFinder, text: str, secret: str
) -> None:
    """Other people's secrets go as well, and masking again changes nothing."""
    masker = Masker((), finder=finder)
    masked = masker.mask(text)
    assert secret not in masked
    assert "[masked:" in masked
    assert masker.mask(masked) == masked


def test_json_is_masked_in_every_place(finder: SecretFinder) -> None:
    """Strings deep inside, keys, and values that only their key gives away."""
    masker = Masker(["our-own-credential"], finder=finder)
    value = {
        "n": [1, 2.5, None, True, f"x {TOKEN}"],
        "our-own-credential": "our-own-credential",
        "aws_secret_access_key": "kG8vT2qLw9ZrX4nYcB7mJpF3sD6hA1eUo5iQx0Rt",
        "plain": ("nothing", "nothing of interest here"),
        "short": "abc",
    }
    assert masker.mask_json(value) == {
        "n": [1, 2.5, None, True, "x [masked:betterleaks.github-pat]"],
        "[masked:own-credential]": "[masked:own-credential]",
        "aws_secret_access_key": "[masked:betterleaks.aws-secret-access-key]",
        "plain": ["nothing", "nothing of interest here"],
        "short": "abc",
    }


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=9))
@settings(max_examples=30, deadline=None)
def test_json_without_secrets_is_unchanged(value: object) -> None:
    """Masking keeps the shape and every innocent value."""
    masker = Masker(["our-own-credential"], finder=_Nothing())
    assert masker.mask_json(value) == value  # type: ignore[arg-type] # made of JSON


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", [BEGIN, "://a:", "ghs_", "authorization: ", "nofx_"])
def test_text_made_to_slow_patterns_down_does_not(
    finder: SecretFinder, piece: str
) -> None:
    """What starts like a secret a hundred thousand times is read to its end."""
    masker = Masker([PRIVATE_KEY], finder=finder)
    masked = masker.mask(f"{piece * (200_000 // len(piece))} {TOKEN}")
    assert TOKEN not in masked
