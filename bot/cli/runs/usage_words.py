"""What a run has used in words: one line a try, below it what ran for it."""

from collections.abc import Iterator

from bot.api.answers.usage import CallDetail, ChildDetail, TryDetail, UsageDetail
from bot.cli.tables import table
from bot.plain import counted

HEADS = ("STEP", "ENDED", "WALL", "CPU", "PEAK", "GITHUB", "SENT", "RECEIVED", "COST")
UNITS = ("B", "KiB", "MiB", "GiB")
KILO = 1024


def usage(found: UsageDetail) -> str:
    """Say what each try used, and all of them together."""
    if not found.tries:
        return "No step has ended yet.\n"
    rows = [row for one in found.tries for row in _rows(one)]
    return f"{table(HEADS, [*rows, _total(found)])}\n{_sentence(found)}\n"


def _rows(one: TryDetail) -> Iterator[tuple[str, ...]]:
    name = one.step if one.attempt == 1 else f"{one.step}, try {one.attempt}"
    if not one.measured:
        yield name, one.ended, "not measured", *("",) * 6
    else:
        yield (
            name,
            one.ended,
            _seconds(one.wall_seconds),
            _seconds(one.cpu_seconds),
            "",
            str(one.github_requests or ""),
            _bytes(one.github_bytes_sent),
            _bytes(one.github_bytes_received),
            "",
        )
    yield from map(_child, one.children)
    yield from map(_call, one.calls)


def _child(one: ChildDetail) -> tuple[str, ...]:
    ended = f"killed: {one.killed_by}" if one.killed_by else f"exit {one.exit_code}"
    return (
        f"  {one.program}",
        ended,
        _seconds(one.wall_seconds),
        _seconds(one.cpu_seconds),
        _bytes(one.peak_memory_bytes),
        *("",) * 4,
    )


def _call(one: CallDetail) -> tuple[str, ...]:
    tokens = one.input_tokens + one.output_tokens
    return (
        f"  {one.model}",
        f"{tokens} tokens" if tokens else "answered",
        _seconds(one.wall_seconds),
        _seconds(one.cpu_seconds),
        _bytes(one.peak_memory_bytes),
        "",
        _bytes(one.bytes_sent),
        _bytes(one.bytes_received),
        f"${one.cost_usd:.4f}" if one.cost_usd else "",
    )


def _total(found: UsageDetail) -> tuple[str, ...]:
    all_of_it = found.totals
    return (
        "in all",
        "",
        _seconds(all_of_it.wall_seconds),
        _seconds(all_of_it.cpu_seconds + all_of_it.children_cpu_seconds),
        _bytes(all_of_it.peak_memory_bytes),
        str(all_of_it.github_requests or ""),
        _bytes(all_of_it.github_bytes_sent + all_of_it.model_bytes_sent),
        _bytes(all_of_it.github_bytes_received + all_of_it.model_bytes_received),
        f"${all_of_it.cost_usd:.4f}" if all_of_it.cost_usd else "",
    )


def _sentence(found: UsageDetail) -> str:
    tries, programs = len(found.tries), found.totals.children
    words = f"{counted(tries, 'try').replace('trys', 'tries')}"
    return f"{words}; CPU in all is that of nofx and of {counted(programs, 'program')}."


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _bytes(count: int) -> str:
    """Return a number of bytes in a unit that people read, empty for none."""
    if not count:
        return ""
    value, unit = float(count), 0
    while value >= KILO and unit < len(UNITS) - 1:
        value, unit = value / KILO, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 else f"{value:.1f} {UNITS[unit]}"
