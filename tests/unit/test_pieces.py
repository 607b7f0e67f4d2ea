"""How values are cut: nothing is lost, and what stays the same stays together."""

from hypothesis import example, given
from hypothesis import strategies as st

from core.store.digests import digest_of
from core.store.pieces import CUT_ABOVE, average_part, cut, pieces_of
from tests.fakes.noise import noise

WORDS = (b"state ", b"finding ", b"line ", b"1 ")


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """Make a value as states are (much alike inside), as noise is, or of one byte."""
    size = draw(st.integers(0, 400_000))
    seed = draw(st.integers(0, 99))
    kind = draw(st.sampled_from(["noise", "text", "zeros"]))
    if kind == "zeros":
        return bytes(size)
    if kind == "noise":
        return noise(size, seed)
    return b"".join(WORDS[one % 4] for one in noise(size // 5, seed))


@given(data=values())
@example(data=b"")
@example(data=bytes(CUT_ABOVE))
@example(data=bytes(CUT_ABOVE + 1))
def test_the_parts_are_the_value(data: bytes) -> None:
    """Put together again they are the same bytes, and none outgrows its bound."""
    parts, whole = pieces_of(data, digest_of(data), ())
    by_digest = {part.digest: part.data for part in parts}
    together = b"".join(by_digest[one] for one in whole.parts) + whole.data
    assert together == data
    assert whole.size == len(data)
    assert all(part.digest == digest_of(part.data) for part in parts)
    assert all(part.size <= 2 * average_part(len(data)) for part in parts)
    assert bool(parts) is (len(data) > CUT_ABOVE)


@given(seed=st.integers(0, 999), edit=st.binary(max_size=300), where=st.floats(0, 1))
def test_a_small_change_makes_few_parts_new(
    seed: int, edit: bytes, where: float
) -> None:
    """Wherever bytes are put in, the cuts before and after it stay where they were."""
    before = noise(1_000_000, seed)
    at = int(where * len(before))
    after = before[:at] + edit + before[at:]
    known = {digest_of(part) for part in cut(before)}
    fresh = [part for part in cut(after) if digest_of(part) not in known]
    assert len(fresh) <= 8
    assert sum(map(len, fresh)) < 160_000


def test_parts_grow_with_the_value() -> None:
    """About 64 of them up to 16 MiB; from there on their size stays."""
    sizes = (65_537, 1_000_000, 5_000_000, 25_000_000, 10**9)
    averages = [average_part(size) // 1024 for size in sizes]
    assert averages == [8, 16, 64, 256, 256]
