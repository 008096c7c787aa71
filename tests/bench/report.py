# SPDX-License-Identifier: GPL-2.0-only
"""Figures into a table and a plot."""
from plan import like


def best(rounds, what="p5"):
    """The least of all rounds: what the machine does when nothing disturbs it."""
    return min(rounds[what])


class Figures:
    def __init__(self, results):
        self.points = results["points"]
        self.steps = {(s["space"], s["name"]): s for s in results["steps"]}

    def cost(self, name, what="p5"):
        p = self.points.get(name)
        return best(p, what) if p and p[what] else None

    def excess(self, pair, what="p5"):
        a, b = self.cost(pair[0], what), self.cost(pair[1], what)
        return None if a is None or b is None else a - b

    def seconds(self, space, name="load"):
        s = self.steps.get((space, name))
        return s["seconds"] if s else None

    def memory(self, space, name="load"):
        s = self.steps.get((space, name))
        return s["memory"] if s else None


def row_figures(figures, row):
    """What a row says: excess by engine, ratio to the best neighbour, whether the
    target is reached (None: there is none, or no figure).
    """
    out = {"case": row["case"], "size": row["size"], "target": row["target"],
           "ns": {e: figures.excess(p) for e, p in row["points"].items()},
           "ns_p50": {e: figures.excess(p, "p50") for e, p in row["points"].items()},
           "series": row["series"], "ratio": None, "against": None, "reached": None}
    ns = out["ns"]
    rivals = [e for e in ns if not e.startswith("tq-") and ns[e] is not None]
    named = [e for e in rivals if e in row["against"]] or rivals
    if named:
        rival = min(named, key=lambda e: ns[e])
        mine = ns.get(like(rival))
        if mine is not None and ns[rival] > 0:
            out["against"], out["ratio"] = rival, mine / ns[rival]
            if row["target"] is not None:
                out["reached"] = out["ratio"] <= row["target"]
    return out


def number(x, digits=1):
    return "-" if x is None else "%.*f" % (digits if abs(x) < 1000 else 0, x)


def table(rows):
    """Lines of text; nanoseconds per packet above the empty table of each engine."""
    engines = []
    for r in rows:
        engines += [e for e in r["ns"] if e not in engines]
    engines.sort(key=lambda e: (e.startswith("tq-"), e))
    head = ["case", "rules"] + engines + ["ratio", "to", "target", ""]
    lines = [head]
    for r in rows:
        lines.append([r["case"], str(r["size"])] + [number(r["ns"].get(e)) for e in engines] + [
            number(r["ratio"], 2), r["against"] or "-",
            "-" if r["target"] is None else "<= %.2f" % r["target"],
            {True: "ok", False: "MISSED", None: ""}[r["reached"]]])
    width = [max(len(row[i]) for row in lines) for i in range(len(head))]
    return ["  ".join(w.ljust(n) if i in (0,) else w.rjust(n) for i, (w, n) in enumerate(zip(row, width))).rstrip()
            for row in lines]


# ---- the plot ----

COLOURS = {"ipset": "#1f77b4", "nft": "#2ca02c", "iptables": "#8c564b", "tq-match": "#d62728", "tq-hook": "#ff7f0e"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 340, 60, 20, 40, 50


def decades(low, high):
    out, d = [], 0
    while 10 ** d <= low:
        d += 1
    d -= 1
    while True:
        out.append(10 ** d)
        if 10 ** d >= high:
            return out
        d += 1


def panel(title, lines, left):
    """One diagram: cost against size, both logarithmic."""
    import math
    points = [p for line in lines.values() for p in line]
    xs, ys = decades(min(p[0] for p in points), max(p[0] for p in points)), \
        decades(max(1, min(p[1] for p in points)), max(2, max(p[1] for p in points)))
    if len(xs) == 1:
        xs.append(xs[0] * 10)
    if len(ys) == 1:
        ys.append(ys[0] * 10)

    def at_x(x):
        return left + LEFT + (WIDTH - LEFT - RIGHT) * math.log(x / xs[0]) / math.log(xs[-1] / xs[0])

    def at_y(y):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * math.log(max(y, ys[0]) / ys[0]) / math.log(ys[-1] / ys[0])

    out = ['<text x="%d" y="20" font-weight="bold">%s</text>' % (left + LEFT, title)]
    for x in xs:
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>' % (at_x(x), TOP, at_x(x), HEIGHT - BOTTOM))
        name = "%dM" % (x // 10 ** 6) if x >= 10 ** 6 else "%dk" % (x // 1000) if x >= 1000 else str(x)
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (at_x(x), HEIGHT - BOTTOM + 18, name))
    for y in ys:
        out.append('<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>' % (
            left + LEFT, at_y(y), left + WIDTH - RIGHT, at_y(y)))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%d</text>' % (left + LEFT - 6, at_y(y) + 4, y))
    out.append('<text x="%d" y="%d" text-anchor="middle">rules</text>' % (
        left + (WIDTH + LEFT - RIGHT) // 2, HEIGHT - 8))
    out.append('<text x="%d" y="%d">ns</text>' % (left + 8, TOP))
    for i, (name, line) in enumerate(sorted(lines.items())):
        colour = COLOURS.get(name.split()[0], "#555")
        dash = ' stroke-dasharray="5 3"' if " " in name else ""
        line = sorted(line)
        out.append('<polyline fill="none" stroke="%s" stroke-width="2"%s points="%s"/>' % (
            colour, dash, " ".join("%.1f,%.1f" % (at_x(x), at_y(y)) for x, y in line)))
        for x, y in line:
            out.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s: %d rules, %.1f ns</title></circle>' % (
                at_x(x), at_y(y), colour, name, x, y))
        out.append('<text x="%d" y="%d" fill="%s">%s</text>' % (left + LEFT + 10, TOP + 14 + 15 * i, colour, name))
    return out


def svg(rows):
    """Cost against size: a diagram for each series of rows."""
    series = {}
    for r in rows:
        if r["series"]:
            lines = series.setdefault(r["series"], {})
            for engine, ns in r["ns"].items():
                if ns is not None:
                    lines.setdefault(engine, []).append((r["size"], max(ns, 0.1)))
    body = []
    for i, (title, lines) in enumerate(series.items()):
        if any(lines.values()):
            body += panel(title, lines, i * WIDTH)
    return "\n".join(
        ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">' % (
            WIDTH * max(1, len(series)), HEIGHT), '<rect width="100%" height="100%" fill="white"/>'] +
        body + ["</svg>", ""])
