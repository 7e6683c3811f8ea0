"""Writes the table and the curves of the performance section."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from lxml import etree

from tests.benchmarks.rows import Line

_HEADER = ("| work | size | ours | rival | ratio | goal |", "|---|---|---|---|---|---|")
_START, _END = "<!-- make bench: start -->", "<!-- make bench: end -->"

_CURVES = (  # works, and whether the rival is drawn too
    ("RSS of everything + a page a paper, from nothing", True),
    ("whole site, `feeds build` from nothing", False),
    ("index from nothing", False),
    ("build with one new day", False),
    ("build with nothing new", False),
    ("`latest.rss` after it", False),
    ("a new day noticed", False),
)
_SVG = "http://www.w3.org/2000/svg"
_COLOURS = ("#1b6ca8", "#7d3c98", "#1e8449", "#b9770e", "#c0392b", "#117a65", "#2c3e50")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 420, 60, 330, 20, 40  # of the picture, and its margins
_LABEL_DISTANCE = 15


def compare_sizes(lines: Sequence[Line]) -> list[Line]:
    """Compare what may grow only so far with the archive with the same at the real size."""
    real = {line.work: line.ours for line in lines if line.times == 1}
    return [
        replace(line, rival="the same at 1×", theirs=real[line.work], ratio=line.growth)
        if line.times > 1 and line.growth and line.work in real
        else line
        for line in lines
    ]


def table(lines: Iterable[Line]) -> str:
    """Return a table in Markdown."""
    return "\n".join([*_HEADER, *map(row, lines)])


def row(line: Line) -> str:
    """Return a row of the table."""
    rival = f"{line.rival}: {_values(line.theirs, line.unit)}" if line.theirs else ""
    ratio = median(line.ours) / median(line.theirs) if line.theirs else None
    cells = [line.work, f"{line.times}×", _values(line.ours, line.unit), rival, f"{ratio:.2f}" if ratio else ""]
    return f"| {' | '.join([*cells, ', '.join(_goals(line, ratio))])} |"


def _goals(line: Line, ratio: float | None) -> Iterator[str]:
    if line.goal is not None:
        yield f"≤ {line.goal:,g} {line.unit} {_mark(median(line.ours) <= line.goal)}"
    if line.ratio is not None and ratio is not None:
        is_rate = line.unit == "/s"
        is_met = ratio >= line.ratio if is_rate else ratio <= line.ratio
        yield f"{'≥' if is_rate else '≤'} {line.ratio} of it {_mark(is_met)}"


def _mark(is_met: bool) -> str:
    return "✓" if is_met else "✗"


def _values(values: Sequence[float], unit: str) -> str:
    spread = f" ({_number(min(values))}–{_number(max(values))})" if len(values) > 1 else ""
    return f"{_number(median(values))} {unit}{spread}"


def _number(value: float) -> str:
    """Return a number with about three digits."""
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}" if 0 < value < 100 else f"{value:,.0f}"


def update_document(document: Path, picture: Path, lines: Sequence[Line]) -> None:
    """Write the table into a document, between its two comments, and the picture that it shows."""
    before, _, rest = document.read_text(encoding="utf-8").partition(f"{_START}\n")
    _, _, after = rest.partition(_END)
    alternative = "Seconds over the size of the archive, both logarithmic"
    content = f"{_START}\n{table(lines)}\n\n![{alternative}]({picture.name})\n{_END}"
    document.write_text(f"{before}{content}{after}", encoding="utf-8")
    picture.write_bytes(curves(lines))


def curves(lines: Sequence[Line]) -> bytes:
    """Draw seconds over the size of the archive, on logarithmic axes."""
    series = [*_series(lines)]
    points = [point for _, _, _, values in series for point in values]
    drawing = _Drawing([times for times, _ in points], [seconds for _, seconds in points])
    for label, colour, is_rival, values in series:
        drawing.curve(label, colour, is_rival, values)
    return drawing.finish()


def _series(lines: Sequence[Line]) -> Iterator[tuple[str, str, bool, list[tuple[int, float]]]]:
    for (work, with_rival), colour in zip(_CURVES, _COLOURS, strict=True):
        of_work = [line for line in lines if line.work == work]
        if of_work:
            yield work.replace("`", ""), colour, False, [(line.times, median(line.ours)) for line in of_work]
        if of_work and with_rival:
            yield of_work[0].rival, colour, True, [(line.times, median(line.theirs)) for line in of_work]


class _Drawing:
    """An SVG picture of curves on logarithmic axes."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        self._xs = min(xs), max(*xs, min(xs) + 1)
        self._ys = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))
        self._labels: list[tuple[float, str, str]] = []
        box = f"0 0 {_WIDTH} {_HEIGHT}"
        self._svg = etree.Element(
            "svg", {"viewBox": box, "font-family": "sans-serif", "font-size": "12"}, nsmap={None: _SVG}
        )
        self._add("rect", width="100%", height="100%", fill="white")
        self._axes(sorted(set(xs)))

    def curve(self, label: str, colour: str, is_dashed: bool, points: Sequence[tuple[float, float]]) -> None:
        """Draw a curve; its label stands beside its end."""
        places = [(self._x(x), self._y(y)) for x, y in points]
        dashes = {"stroke-dasharray": "5 4"} if is_dashed else {}
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self._add("polyline", points=path, fill="none", stroke=colour, **{"stroke-width": "2"}, **dashes)
        for x, y in places:
            self._add("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3", fill=colour)
        self._labels.append((places[-1][1], f"{label}: {_number(points[-1][1])} s", colour))

    def finish(self) -> bytes:
        """Write the labels, one below the other, and return the picture."""
        lowest = -math.inf
        for y, label, colour in sorted(self._labels):
            lowest = max(y, lowest + _LABEL_DISTANCE)
            self._text(_WIDTH - _RIGHT + 10, lowest + 4, label, fill=colour)
        return etree.tostring(self._svg, pretty_print=True)

    def _axes(self, xs: Sequence[float]) -> None:
        lowest, highest = (round(math.log10(y)) for y in self._ys)
        for exponent in range(lowest, highest + 1):
            y = self._y(10**exponent)
            self._add("line", x1=str(_LEFT), x2=str(_WIDTH - _RIGHT), y1=f"{y:.1f}", y2=f"{y:.1f}", stroke="#ddd")
            self._text(_LEFT - 6, y + 4, f"{10**exponent:g} s", **{"text-anchor": "end"})
        for x in xs:
            self._text(self._x(x), _HEIGHT - _BOTTOM + 18, f"{x:g}×", **{"text-anchor": "middle"})

    def _x(self, value: float) -> float:
        least, most = self._xs
        return _LEFT + 15 + math.log(value / least) / math.log(most / least) * (_WIDTH - _LEFT - _RIGHT - 30)

    def _y(self, value: float) -> float:
        least, most = self._ys
        return _TOP + math.log(most / value) / math.log(most / least) * (_HEIGHT - _TOP - _BOTTOM)

    def _text(self, x: float, y: float, text: str, **attributes: str) -> None:
        self._add("text", x=f"{x:.1f}", y=f"{y:.1f}", **attributes).text = text

    def _add(self, name: str, **attributes: str) -> "etree._Element":
        return etree.SubElement(self._svg, name, attributes)
