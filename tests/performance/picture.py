"""`bench.svg`: bars of the medians, a panel for each thing that is compared. Readable on light and dark grounds."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from tests.performance.drains import Figures
from tests.performance.rows import ROWS

WIDTH: Final = 760
LABEL: Final = 250
BAR: Final = 370
LINE: Final = 24
STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 14px; } .note, .value { fill: #59636e; } .note { font-size: 12px; }
.ours { fill: #1a7f5a; } .peer { fill: #9aa4af; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .note, .value { fill: #9da7b1; }
  .ours { fill: #3fb68b; } .peer { fill: #6e7781; }
}
"""


@dataclass(frozen=True)
class Panel:
    """Bars of one figure, of all rows of a group."""

    title: str
    group: str
    figure: str


PANELS: Final = (
    Panel("Tasks that one worker process finishes, per second: more is better", "drain", "tasks/s"),
    Panel("Tasks created, per second: more is better", "create", "tasks/s"),
    Panel("From create to DONE at rest, median in milliseconds: less is better", "latency", "p50 ms"),
    Panel("WebSocket frames to 200 watchers, per second: more is better", "fanout", "frames/s"),
    Panel("Tasks created and run in one embedded process, per second: more is better", "embedded", "tasks/s"),
)


def draw(found: dict[str, Figures], note: str) -> str:
    parts, top = [], 30
    for panel in PANELS:
        rows = [row for row in ROWS if row.group == panel.group and row.name in found]
        if rows:
            values = [(row.says, found[row.name][panel.figure]) for row in rows]
            parts += _panel(panel, values, top)
            top += LINE * (len(rows) + 2)
    parts.append(f'<text class="note" x="10" y="{top}">{escape(note)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 16}" width="{WIDTH}" role="img">'
    return "\n".join([head, f"<title>TaskFlow and its peers</title><style>{STYLE}</style>", *parts, "</svg>", ""])


def _panel(panel: Panel, values: list[tuple[str, float]], top: int) -> list[str]:
    longest = max(value for _, value in values)
    parts = [f'<text class="title" x="10" y="{top}">{escape(panel.title)}</text>']
    for number, (label, value) in enumerate(values, 1):
        y, width = top + LINE * number, max(BAR * value / longest, 1)
        kind = "ours" if label.startswith("TaskFlow") else "peer"
        text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
        parts += [
            f'<text x="{LABEL - 8}" y="{y}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{y - 13}" width="{width:.1f}" height="16" rx="2"/>',
            f'<text class="value" x="{LABEL + width + 6:.1f}" y="{y}">{text} {panel.figure.split()[-1]}</text>',
        ]
    return parts


def save(path: Path, found: dict[str, Figures], note: str) -> None:
    path.write_text(draw(found, note))
