# SPDX-License-Identifier: MIT
"""bench_html.py: the report as one page that needs nothing else: a table, and plots as drawings in it."""
import html
import math
import re

from . import bench_table

STYLE = """body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.2rem .7rem;border-bottom:1px solid #d8dde3;text-align:right}
th:first-child,td:first-child,td.left{text-align:left}code{background:#f2f4f6;padding:.1rem .3rem}svg text{font:12px system-ui,sans-serif;fill:currentColor}
.win{color:#11691f}.lose{color:#a4161a}@media(prefers-color-scheme:dark){body{background:#14171a;color:#e3e6ea}code{background:#23282d}th,td{border-color:#333a41}.win{color:#6fd184}.lose{color:#ff8589}}"""
BAR, GAP, LEFT, WIDTH = 14, 5, 170, 900
# Bars grow from a ratio of 1 to both sides, by powers of ten.
LOW, HIGH = 0.001, 10.0


def _x(value):
    share = (math.log10(min(max(value, LOW), HIGH)) - math.log10(LOW)) / (math.log10(HIGH) - math.log10(LOW))
    return LEFT + share * (WIDTH - LEFT - 60)


def plot(rows, key, title):
    """Ratios as bars: to the left of 1 Helix needs less."""
    told = [(row["name"], row["peers"][key]["ratio"]) for row in rows if row.get("peers", {}).get(key, {}).get("ratio") is not None]
    if not told:
        return ""
    height = (len(told) + 2) * (BAR + GAP)
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" width="100%" role="img" aria-label="{html.escape(title)}">']
    for mark in (0.001, 0.01, 0.1, 0.2, 0.5, 1, 10):
        parts.append(f'<line x1="{_x(mark):.1f}" x2="{_x(mark):.1f}" y1="{BAR + 4}" y2="{height}" stroke="#8a939d" stroke-width="{1.5 if mark == 1 else 0.4}"/>'
                     f'<text x="{_x(mark):.1f}" y="{BAR - 1}" text-anchor="middle">{mark:g}</text>')
    for number, (name, value) in enumerate(told):
        top, left, right = (number + 1) * (BAR + GAP), min(_x(value), _x(1)), max(_x(value), _x(1))
        parts.append(f'<text x="{LEFT - 8}" y="{top + BAR - 2}" text-anchor="end">{html.escape(name)}</text>'
                     f'<rect x="{left:.1f}" y="{top}" width="{max(right - left, 1):.1f}" height="{BAR}" fill="{"#2c8a3d" if value < 1 else "#c2282d"}"/>'
                     f'<text x="{right + 5:.1f}" y="{top + BAR - 2}">{bench_table.shown_ratio(value)}</text>')
    return "".join([*parts, "</svg>"])


SIZED = re.compile(r"(.+?)_(\d+)([kmg]?)")
FACTOR = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
CURVE_WIDTH, CURVE_HEIGHT, MARGIN = 430, 240, 55
COLOURS = ("#2c8a3d", "#c2282d", "#8a5fbf", "#b07a1e")


def families(rows):
    """{name: [(size, row)]} of rows that differ by a size in their name: how the cost grows with it."""
    found = {}
    for row in rows:
        matched = SIZED.fullmatch(row["name"])
        if matched:
            found.setdefault(matched[1], []).append((int(matched[2]) * FACTOR[matched[3]], row))
    return {name: sorted(sizes, key=lambda pair: pair[0]) for name, sizes in found.items() if len(sizes) > 1}


def curve(name, sizes, names):
    """Cost over size, both by powers of ten, a line for each kernel."""
    lines = {"Helix": [(size, row["helix"]) for size, row in sizes if row["helix"]]}
    lines |= {title: [(size, row["peers"][key]["figure"]) for size, row in sizes if row.get("peers", {}).get(key, {}).get("figure")] for key, title in names.items()}
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    low = [math.floor(math.log10(min(point[axis] for point in points))) for axis in (0, 1)]
    high = [max(math.ceil(math.log10(max(point[axis] for point in points))), low[axis] + 1) for axis in (0, 1)]

    def place(size, figure):
        return (MARGIN + (math.log10(size) - low[0]) / (high[0] - low[0]) * (CURVE_WIDTH - MARGIN - 10),
                CURVE_HEIGHT - 30 - (math.log10(figure) - low[1]) / (high[1] - low[1]) * (CURVE_HEIGHT - 60))

    parts = [f'<svg viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}" width="{CURVE_WIDTH}" role="img" aria-label="{html.escape(name)}">',
             f'<text x="{MARGIN}" y="14" font-weight="bold">{html.escape(name)}</text>']
    for power in range(low[1], high[1] + 1):
        across = place(10 ** low[0], 10 ** power)[1]
        parts.append(f'<line x1="{MARGIN}" x2="{CURVE_WIDTH - 10}" y1="{across:.1f}" y2="{across:.1f}" stroke="#8a939d" stroke-width="0.4"/>'
                     f'<text x="{MARGIN - 5}" y="{across + 4:.1f}" text-anchor="end">10^{power}</text>')
    for size, row in sizes:
        parts.append(f'<text x="{place(size, 10 ** low[1])[0]:.1f}" y="{CURVE_HEIGHT - 12}" text-anchor="middle">{html.escape(row["name"].rsplit("_", 1)[1])}</text>')
    for number, (title, line) in enumerate(lines.items()):
        colour, places = COLOURS[number % len(COLOURS)], [place(*point) for point in line]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
                     + "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
                     + f'<text x="{CURVE_WIDTH - 12}" y="{14 + 14 * number}" text-anchor="end" style="fill:{colour}">{html.escape(title)}</text>')
    return "".join([*parts, "</svg>"])


def table(rows, names):
    head, body = bench_table.columns(rows, names)
    lines = ["<tr>" + "".join(f"<th>{html.escape(word)}</th>" for word in head) + "</tr>"]
    for row, line in zip(rows, body):
        kind = "" if row["ratio"] is None else ' class="win"' if row["ratio"] < 1 else ' class="lose"'
        lines.append("<tr>" + "".join(f"<td{kind if at == 3 else ''}>{html.escape(word)}</td>" for at, word in enumerate(line)) + "</tr>")
    return "<table>" + "".join(lines) + "</table>"


def page(report):
    names, rows = report["peers"], report["rows"]
    parts = [f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Helix beside Linux</title><style>{STYLE}</style>',
             f"<h1>Helix beside Linux, {html.escape(report['arch'])}</h1><p>{html.escape(report['unit'].capitalize())} per operation, median; a ratio below 1: Helix needs less. "
             f"Made by <code>{html.escape(report['command'])}</code> on <code>{html.escape(report['machine'])}</code> ({html.escape(report['emulator'])}).</p>"]
    for key, name in names.items():
        means = report["means"][key]
        parts.append("<p>" + "; ".join(f"geometric mean of Helix / {html.escape(name)} over {title}: <b>{means[what]['mean']:.3f}</b> ({means[what]['rows']} rows)"
                                       for what, title in (("all", "all rows"), ("core", "entry, memory, processes and pipes")) if means[what]["rows"]) + "</p>")
    parts.append(table(rows, names))
    parts += [f"<h2>Helix / {html.escape(name)}</h2>" + plot(rows, key, f"ratio to {name}") for key, name in names.items()]
    curves = [curve(name, sizes, names) for name, sizes in families(rows).items()]
    if any(curves):
        parts.append(f"<h2>How costs grow ({html.escape(report['unit'])})</h2><div>" + "".join(curves) + "</div>")
    told = bench_table.reasons(rows, names)
    if told:
        parts.append("<h2>Rows without a figure</h2><ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in told) + "</ul>")
    return "\n".join(parts) + "</html>\n"
