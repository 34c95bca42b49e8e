# SPDX-License-Identifier: MIT
"""bench_table.py: what was measured on several kernels as one list of rows, their means, and the table that people read."""
import math

UNITS = {False: "instructions", True: "ns"}
# The groups whose mean decides.
CORE_GROUPS = ("entry", "memory", "process", "pipe")


def ratio(helix, peer):
    return helix / peer if helix is not None and peer else None


def merge(helix, peers, wall):
    """[row as a dict]: the rows of Helix's Results beside those of each peer, in Helix's order. `peers` is {key: Results or None}; the first
    is the one `linux` and `ratio` are about."""
    rows = []
    for name, row in helix.items():
        made = {"name": name, "group": row.group, "unit": UNITS[wall], "helix": row.median, "linux": None, "ratio": None,
                "minimum": row.minimum, "p99": row.p99, "samples": row.samples}
        if row.reason:
            made["reason"] = row.reason
        if row.counts:
            made["serialising"] = row.counts
        for position, (key, found) in enumerate(peers.items()):
            other = found.get(name)
            figure = other.median if other else None
            own = {"figure": figure, "ratio": ratio(row.median, figure)}
            if other and other.reason:
                own["reason"] = other.reason
            if other and other.counts:
                own["serialising"] = other.counts
            made.setdefault("peers", {})[key] = own
            if position == 0:
                made["linux"], made["ratio"] = figure, own["ratio"]
        rows.append(made)
    return rows


def geometric_mean(ratios):
    """None of nothing. A ratio of 0 has no logarithm: it counts as a thousandth."""
    logarithms = [math.log(max(each, 0.001)) for each in ratios if each is not None]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None


def means(rows, key):
    """{what: (mean, how many rows)} of the ratios to one peer."""
    def of(chosen):
        ratios = [row["peers"][key]["ratio"] for row in chosen if key in row.get("peers", {}) and row["peers"][key]["ratio"] is not None]
        return geometric_mean(ratios), len(ratios)

    groups = dict.fromkeys(row["group"] for row in rows)
    return {"all": of(rows), "core": of([row for row in rows if row["group"] in CORE_GROUPS]),
            **{group: of([row for row in rows if row["group"] == group]) for group in groups}}


def shown(figure):
    if figure is None:
        return "-"
    return f"{figure:,.1f}" if figure < 100 else f"{figure:,.0f}"


def shown_ratio(value):
    return "-" if value is None else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def shown_counts(counts):
    """`tlb 1, base 2`, leaving out what never happens."""
    told = [f"{name} {count:.1f}".removesuffix(".0") for name, count in (counts or {}).items() if name != "instructions" and count >= 0.05]
    return ", ".join(told)


def columns(rows, peers):
    """The table as lists of words: the head and the rows. `peers` is {key: name}."""
    counted = any(row.get("serialising") for row in rows)
    head = ["row", "Helix"] + [word for name in peers.values() for word in (name, "ratio")] + (["serialising: Helix", *(f"serialising: {name}" for name in list(peers.values())[:1])] if counted else [])
    body = []
    for row in rows:
        line = [row["name"], shown(row["helix"])]
        for key in peers:
            other = row.get("peers", {}).get(key, {})
            line += [shown(other.get("figure")), shown_ratio(other.get("ratio"))]
        if counted:
            line += [shown_counts(row.get("serialising")), *(shown_counts(row.get("peers", {}).get(key, {}).get("serialising")) for key in list(peers)[:1])]
        body.append(line)
    return head, body


def text(rows, peers, unit):
    """The table, the rows without a figure and why, the means."""
    head, body = columns(rows, peers)
    widths = [max(len(line[at]) for line in [head, *body]) for at in range(len(head))]
    numbers = 2 + 2 * len(peers)
    aligned = ["  ".join(word.rjust(width) if 0 < at < numbers else word.ljust(width) for at, (word, width) in enumerate(zip(line, widths))).rstrip() for line in [head, *body]]
    lines = [f"{unit} per operation, median", aligned[0], "-" * len(aligned[0]), *aligned[1:]]
    lines += reasons(rows, peers)
    for key, name in peers.items():
        found = means(rows, key)
        for what, title in (("all", "all rows"), ("core", "entry, memory, processes and pipes")):
            mean, count = found[what]
            if count:
                lines.append(f"geometric mean of Helix / {name} over {title} ({count}): {mean:.3f}")
    return "\n".join(lines)


def reasons(rows, peers):
    told = [f"{row['name']}: Helix: {row['reason']}" for row in rows if row.get("reason")]
    for key, name in peers.items():
        told += [f"{row['name']}: {name}: {row['peers'][key]['reason']}" for row in rows if row.get("peers", {}).get(key, {}).get("reason")]
    return told
