"""How the report looks: on a screen by day and by night, on a phone, and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #fff; --ink: #1a1f27; --soft: #5a6472; --line: #dfe3e8;
  --bad: #b3261e; --bad-back: #fdeceb; --warn: #8a5a00; --warn-back: #fff4dc;
  --good: #17693a; --good-back: #e5f5ea; --mark: #2f5fb3; --mark-back: #e8effb;
  --bar: #8a99ad; --track: #eceff3; --code: #f1f3f6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #11151b; --card: #191f27; --ink: #e4e8ee; --soft: #9aa6b5; --line: #2c3540;
    --bad: #ff8a80; --bad-back: #3a1d1d; --warn: #f0bd5a; --warn-back: #33290f;
    --good: #74d196; --good-back: #16301f; --mark: #8fb4f5; --mark-back: #1b2a44;
    --bar: #6d7f96; --track: #232b35; --code: #202833;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: .4rem 0 .2rem; }
h2 { font-size: 1.05rem; margin: 2.2rem 0 .7rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
p { margin: .3rem 0; }
code, pre, .mono {
  font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace;
  font-size: .86em;
}
.soft { color: var(--soft); }
.over { color: var(--soft); font-size: .92rem; }
.chip {
  display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .82rem;
  font-weight: 600; background: var(--mark-back); color: var(--mark);
  white-space: nowrap; vertical-align: .1em;
}
.chip.error { background: var(--bad-back); color: var(--bad); }
.chip.warning { background: var(--warn-back); color: var(--warn); }
.chip.good { background: var(--good-back); color: var(--good); }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.15rem; margin: .9rem 0;
}
.cause { border-left: .35rem solid var(--bad); }
.cause.warning { border-left-color: var(--warn); }
.cause.good { border-left-color: var(--good); }
.cause .sentence { font-size: 1.18rem; font-weight: 600; line-height: 1.4; }
.other { border-left: .35rem solid var(--line); }
.label {
  font-size: .74rem; font-weight: 700; letter-spacing: .05em; text-transform: uppercase;
  color: var(--soft); margin: .9rem 0 .15rem;
}
.label:first-child { margin-top: 0; }
.next { font-weight: 600; }
ul.evidence { list-style: none; margin: .2rem 0; padding: 0; }
ul.evidence li { padding: .3rem 0; border-top: 1px solid var(--line); }
ul.evidence li:first-child { border-top: 0; }
.where { display: block; color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th {
  text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem;
  padding: .2rem .8rem .35rem 0; white-space: nowrap;
}
td { padding: .34rem .8rem .34rem 0; border-top: 1px solid var(--line);
  vertical-align: top; overflow-wrap: break-word; }
td.words { min-width: 11rem; }
td.long { overflow-wrap: anywhere; min-width: 6rem; }
td:last-child, th:last-child { padding-right: 0; }
td.number, th.number { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
td.tight { white-space: nowrap; }
td.bar { width: 30%; min-width: 7rem; }
tr.error td.words { color: var(--bad); font-weight: 600; }
tr.warning td.words { color: var(--warn); }
svg { display: block; width: 100%; height: .7rem; margin-top: .42rem; }
svg .track { fill: var(--track); }
svg .fill { fill: var(--bar); }
svg .good { fill: var(--good); }
svg .error { fill: var(--bad); }
svg .warning { fill: var(--warn); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem;
  margin: 0; font-size: .92rem; }
dt { color: var(--soft); }
dd { margin: 0; }
details { background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; margin: .5rem 0; }
summary { cursor: pointer; padding: .55rem .9rem; font-weight: 600; }
details > :not(summary) { margin: 0 .9rem .8rem; }
pre { background: var(--code); border-radius: .4rem; padding: .6rem .8rem;
  overflow-x: auto; overflow-wrap: normal; line-height: 1.45; }
pre .add { color: var(--good); }
pre .del { color: var(--bad); }
pre .at { color: var(--mark); }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) {
  main { padding: 1rem .8rem 3rem; }
  h1 { font-size: 1.25rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .45rem; }
  .wide, td.bar, th.bar { display: none; }
}
@media print {
  :root { --back: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb;
    --code: #fff; --track: #eee; }
  main { max-width: none; padding: 0; }
  body { font-size: 10.5pt; }
  .card, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  details::details-content { content-visibility: visible; display: block;
    height: auto; }
  pre { white-space: pre-wrap; border: 1px solid var(--line); }
}
"""
