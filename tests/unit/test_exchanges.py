"""What was asked of GitHub is kept: bounded, masked, and the last word in full."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.events.base import JSON
from core.runs.exchanges import MARGIN, Bounds, Exchanges
from core.runs.metering import Exchange

SECRET = "s3cr3t-" * 20
SMALL = Bounds(lines=6, body=100, bodies=400)
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def mask(value: JSON) -> JSON:
    """Take the one secret out of an object, however deep."""
    masked: JSON = json.loads(json.dumps(value).replace(SECRET, "***"))
    return masked


def exchange(
    request: bytes = b"", answer: bytes = b"", status: int | None = 200
) -> Exchange:
    """Return an exchange with these bodies."""
    return Exchange(
        at=AT,
        method="POST",
        path="/x",
        status=status,
        seconds=0.25,
        sent=len(request),
        received=len(answer),
        request=request,
        answer=answer,
    )


def lines(kept: Exchanges) -> list[JSON]:
    """Return what would be stored."""
    return [json.loads(line) for line in kept.rows(mask).splitlines()]


def test_json_is_kept_as_its_value_and_all_else_as_text() -> None:
    """With its sizes, and without its secrets."""
    kept = Exchanges()
    kept.add(exchange(b'{"a": [1]}', b"<html>"))
    kept.add(exchange(json.dumps({"a": SECRET}).encode(), b'{"x": NaN}'))
    first, second = lines(kept)
    assert first == {
        "at": "2026-01-05T12:00:00.000+00:00",
        "method": "POST",
        "path": "/x",
        "status": 200,
        "sent": 10,
        "received": 6,
        "seconds": 0.25,
        "request": {"a": [1]},
        "answer": "<html>",
        "cut": False,
        "error": "",
    }
    assert (second["request"], second["answer"]) == ({"a": "***"}, '{"x": NaN}')


@given(st.lists(st.integers(0, 250), max_size=12), st.lists(st.booleans(), max_size=12))
def test_no_more_is_kept_than_there_is_room_for(
    sizes: list[int], refused: list[bool]
) -> None:
    """Whatever came; what is missing is counted."""
    kept = Exchanges(SMALL)
    for size, no in zip(sizes, refused, strict=False):
        kept.add(exchange(b"q" * size, b"a" * size, 422 if no else 200))
    found = lines(kept)
    gaps = [one["left_out"] for one in found if "left_out" in one]
    whole = [one for one in found if "left_out" not in one]
    assert len(whole) + sum(gaps) == len(kept) == min(len(sizes), len(refused))
    bodies = [str(one[name] or "") for one in whole for name in ("request", "answer")]
    assert all(len(one) <= SMALL.body for one in bodies)
    assert sum(map(len, bodies)) <= SMALL.bodies
    for one in whole:
        if not one["cut"]:
            assert len(one["request"] or "") == one["sent"]


def test_a_refusal_has_room_however_much_was_written_before() -> None:
    """It is what will be looked for."""
    kept = Exchanges(SMALL)
    for _ in range(9):
        kept.add(exchange(b"w" * 100, b"w" * 100))
    kept.add(exchange(b"question", b"no", status=422))
    last = lines(kept)[-1]
    assert (last["request"], last["answer"], last["cut"]) == ("question", "no", False)


@given(st.integers(0, 2 * MARGIN), st.sampled_from([1, 60]))
def test_no_half_of_a_secret_is_left_at_a_cut(before: int, times: int) -> None:
    """Wherever it stands, also when many masks have made the text short."""
    bounds = Bounds(body=MARGIN // 2, bodies=8 * MARGIN)
    kept = Exchanges(bounds)
    text = "x" * before + SECRET * times + "y" * 3 * MARGIN
    kept.add(exchange(text.encode()))
    (one,) = lines(kept)
    assert one["cut"]
    shown = str(one["request"] or "")
    assert len(shown) <= bounds.body
    assert SECRET[:5] not in shown.replace("***", "")
