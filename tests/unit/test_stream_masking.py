"""Of many values those with secrets are found, as if each had been masked by itself."""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.secrets import Masker, shared_finder
from core.secrets.stream import StreamMasker
from tests.unit.test_masking import WAYS, _token

OWN = "our own/credential+with=signs"
AWS_ID, AWS_SECRET = (
    "AKIA" + "Q3EGRTZ5VYNPLK7W",
    "kG8vT2qLw9ZrX4nYcB7mJpF3sD6hA1eUo5iQx0Rt",
)
PLAIN = st.sampled_from(
    [
        "review.hunk_read",
        "core/store/database.py:88",
        "100% of 3 & more; see C:\\new\\table",
        'Traceback (most recent call last):\n  File "a.py", line 1',
        "[masked:github-pat] was here",
        "0f" * 32,
        "naïve café 漢字",
        "a\u200bb",
        "run_01jdx0000000000000000000ab",
    ]
)
TEXT = st.one_of(PLAIN, st.text(max_size=40))
VALUE = st.recursive(
    st.one_of(TEXT, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=12), inner, max_size=4),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def masker() -> Masker:
    """Give one masker for all tests: loading its rules takes seconds."""
    return Masker([OWN], finder=shared_finder())


def secrets() -> st.SearchStrategy[str]:
    """Return secrets of several kinds, in clothes or not."""
    plain = st.one_of(st.binary(min_size=4, max_size=4).map(_token), st.just(OWN))
    ways: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([*WAYS.values()])
    return st.tuples(ways, plain).map(lambda pair: pair[0](pair[1]))


def places(secret: str) -> st.SearchStrategy[Any]:
    """Return values with a secret somewhere in them."""
    return st.one_of(
        st.tuples(TEXT, TEXT).map(
            lambda pair: {"event": f"{pair[0]} {secret} {pair[1]}"}
        ),
        TEXT.map(lambda text: {"a": [text, {"password": secret}]}),
        TEXT.map(lambda text: {secret: text}),
        st.just(secret),
        st.just({"body": json.dumps({"text": f"x {secret}"})}),
    )


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_masks_as_if_each_value_were_alone(masker: Masker, data: st.DataObject) -> None:
    """Whatever stands beside it."""
    values = data.draw(st.lists(VALUE, max_size=12))
    for secret in data.draw(st.lists(secrets(), max_size=3)):
        at = data.draw(st.integers(0, len(values)))
        values.insert(at, data.draw(places(secret)))
    stream = StreamMasker(masker)
    changed = stream.changed(values)
    found = [changed.get(at, one) for at, one in enumerate(values)]
    assert found == [masker.mask_json(one) for one in values]


def _row(value: Any) -> bytes:
    """Return a value as nofx writes its log."""
    return json.dumps(value, separators=(",", ":")).encode()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_row_with_a_secret_is_taken_over_unread(
    masker: Masker, data: st.DataObject
) -> None:
    """Whatever stands beside it, and however it came there."""
    values = data.draw(
        st.lists(st.dictionaries(st.text(max_size=12), VALUE, max_size=4), max_size=12)
    )
    for secret in data.draw(st.lists(secrets(), max_size=3)):
        at = data.draw(st.integers(0, len(values)))
        values.insert(at, {"event": data.draw(places(secret))})
    rows = [_row(one) for one in values]
    stream = StreamMasker(masker)
    assert set(stream.changed([json.loads(row) for row in rows])) <= (
        stream.doubtful_rows(rows)
    )


@pytest.mark.parametrize(
    "row",
    [
        b'{"step":"a","aws_secret_access_key":"%s"}',
        b'{"step":"a","aws_secret_access_key": "%s"}',
        b'{"step":"a","aws_secret_access_key" :"%s"}',
        b'{"step":"a","aws_secret_access_key" : "%s"}',
        b'{"step":"a","aws_secret_access_key":["x","%s"]}',
        b'{"step":"a","aws_secret_access_key": ["x","%s"]}',
        b'{"step":"a","aws_secret_access_key" :["x","%s"]}',
        b'{"step":"a","aws_secret_access_key" : ["x","%s"]}',
        b'{"step":"a","aws_secret_access_key":[["%s"]]}',
        b'{"step":"a","b":{ "aws_secret_access_key" :["x" ,"%s"] } }',
    ],
)
def test_a_row_is_read_however_its_signs_are_set(masker: Masker, row: bytes) -> None:
    """It may have been put into the store by others, with blanks that we never write.

    The value is none that is known by itself: its key alone tells of it.
    """
    planted = row.replace(b"%s", AWS_SECRET.encode())
    stream = StreamMasker(masker)
    assert stream.changed([json.loads(planted)])
    rows = [_row({"step": "a", "event": "b"})] * 3
    assert 3 in stream.doubtful_rows([*rows, planted, *rows])


def test_what_is_told_by_two_fields_is_found(masker: Masker) -> None:
    """Although each stands in another value as well."""
    pair = {"id": AWS_ID, "other": AWS_SECRET}
    values = [{"id": AWS_ID, "other": "x" * 40}, pair, {"id": AWS_ID}]
    changed = StreamMasker(masker).changed(values)
    assert changed[1] == masker.mask_json(pair)
    assert AWS_SECRET not in json.dumps(changed)


def _zipped(secret: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.txt", f"token {secret}\n" * 9)
    return file.getvalue()


@pytest.mark.parametrize("pack", [_zipped, lambda text: gzip.compress(text.encode())])
@pytest.mark.parametrize(
    "encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes]
)
def test_what_is_packed_is_masked_whole(
    masker: Masker,
    pack: Callable[[str], bytes],
    encode: Callable[[bytes], bytes],
) -> None:
    """For it could be unpacked by whoever has the bundle."""
    hidden = encode(pack(_token(b"zip"))).decode()
    (shown,) = (
        StreamMasker(masker).changed([{"answer": f"see {hidden} there"}]).values()
    )
    assert shown == {"answer": "see [masked:nofx.packed] there"} or (
        hidden.endswith("\n") and "masked:nofx.packed" in str(shown)
    )
    assert hidden[20:40] not in str(shown)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_rows_that_are_taken_over_unread_hide_nothing(
    masker: Masker, data: st.DataObject
) -> None:
    """What a row says that is not doubtful, masking would leave as it is."""
    flat = st.dictionaries(
        st.sampled_from(["event", "logger", "password", "line", "id", "api_key"]),
        st.one_of(PLAIN, st.text("abcXYZ019 -_=.", max_size=40), st.integers(), VALUE),
        max_size=5,
    )
    values: list[Any] = data.draw(st.lists(flat, max_size=9))
    for secret in data.draw(st.lists(secrets(), max_size=2)):
        at = data.draw(st.integers(0, len(values)))
        key = data.draw(st.sampled_from(["event", "password", "token", secret]))
        values.insert(at, {"line": 17, key: secret, "level": "info"})
    rows = [json.dumps(one, separators=(",", ":")).encode() for one in values]
    doubtful = StreamMasker(masker).doubtful_rows(rows)
    for at, value in enumerate(values):
        assert at in doubtful or masker.mask_json(value) == value


TELLING: dict[str, Any] = {
    "a pair": {"id": AWS_ID, "n": 3, "other": AWS_SECRET},
    "a header": {"authorization": "Bearer kT4mQ9xW2rL7vB5nZ8cJ3hF6"},
    "our own": {"event": f"see {OWN}"},
    "in a list": {"tokens": [_token(b"listed")]},
    "as a key": {_token(b"key"): 1},
    "in Base64": {"event": base64.b64encode(_token(b"64").encode()).decode()},
    "packed": {"event": base64.b64encode(gzip.compress(b"packed")).decode()},
    "in an address": {"event": "https://ada:kT4mQ9xW2rL7@example.org/"},
}


@pytest.mark.parametrize("secret", [*TELLING.values()], ids=[*TELLING])
def test_a_row_with_a_secret_is_doubtful(masker: Masker, secret: Any) -> None:
    """Among a hundred that are not."""
    plain = {"step": "review", "event": "review.hunk_read", "digest": "0f" * 32}
    values = [{**plain, "n": at} for at in range(100)]
    rows = [json.dumps(one, separators=(",", ":")).encode() for one in values]
    stream = StreamMasker(masker)
    assert stream.doubtful_rows(rows) == set()
    assert stream.masked(secret) != secret
    rows.insert(50, json.dumps(secret, separators=(",", ":")).encode())
    assert 50 in stream.doubtful_rows(rows)
