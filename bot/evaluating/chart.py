"""The scores as a chart: one SVG file, without a script, that any browser shows."""

from collections.abc import Sequence

from jinja2 import Environment, StrictUndefined

from core.review.evaluation.scores import Score

SHARES = (
    ("recall", "of what was expected, found"),
    ("precision", "of what was found, expected"),
    ("line_accuracy", "of the hits, on the very line"),
)
COLOURS = ("#1f6feb", "#2da44e", "#bf8700", "#cf222e", "#8250df", "#57606a")
BAR, GAP, LEFT, FULL = 18, 26, 210, 420
TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{{ width }}" height="{{ height }}"
 font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
{% for group in groups -%}
<text x="12" y="{{ group.y }}" font-weight="600">{{ group.name }}</text>
<text x="12" y="{{ group.y + 16 }}" fill="#57606a"
 font-size="11">{{ group.what }}</text>
{% for bar in group.bars -%}
<rect x="{{ left }}" y="{{ bar.y }}" width="{{ full }}" height="{{ size }}"
 fill="#f0f2f5"/>
<rect x="{{ left }}" y="{{ bar.y }}" width="{{ bar.width }}" height="{{ size }}"
 fill="{{ bar.colour }}"/>
<text x="{{ left + full + 10 }}" y="{{ bar.y + 13 }}">{{ bar.words }}</text>
{% endfor %}{% endfor -%}
{% for line in legend -%}
<rect x="12" y="{{ line.y - 10 }}" width="11" height="11" fill="{{ line.colour }}"/>
<text x="30" y="{{ line.y }}">{{ line.words }}</text>
{% endfor -%}
</svg>
"""


def chart(scores: Sequence[Score]) -> str:
    """Return bars for recall, precision and line accuracy, and what it cost."""
    pages = Environment(autoescape=True, undefined=StrictUndefined)
    top = 30
    groups = []
    for name, what in SHARES:
        bars = [
            _bar(getattr(score, name), place, top + place * (BAR + 4) - 14)
            for place, score in enumerate(scores)
        ]
        shown = name.replace("_", " ")
        groups.append({"name": shown, "what": what, "y": top, "bars": bars})
        top += max(len(scores) * (BAR + 4), BAR * 2) + GAP
    legend = [
        {"y": top + place * 20, "colour": _colour(place), "words": _words(score)}
        for place, score in enumerate(scores)
    ]
    return pages.from_string(TEMPLATE).render(
        width=LEFT + FULL + 80,
        height=top + len(scores) * 20 + 6,
        groups=groups,
        legend=legend,
        left=LEFT,
        full=FULL,
        size=BAR,
    )


def _bar(share: float | None, place: int, y: int) -> dict[str, object]:
    return {
        "y": y,
        "width": round(FULL * (share or 0)),
        "colour": _colour(place),
        "words": "none" if share is None else f"{share:.0%}",
    }


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _words(score: Score) -> str:
    noise = "" if score.noise is None else f", {score.noise:.1f} stray remarks a case"
    cost = f", ${score.usd:.4f}" if score.usd else ""
    return f"{score.model}: {score.cases} cases{noise}{cost}, {score.seconds:.1f} s"
