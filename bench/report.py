"""`python -m bench.report results.jsonl`: the measurements as tables in Markdown."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

BOUND = "raw"
TITLES = {
    "q1": "Q1: one product by its id, ten fields",
    "q2": "Q2: 100 products by category and price range, with a cursor",
    "q3": "Q3: 50 orders with supplier, lines and products",
    "q4": "Q4: create a product and delete it",
    "q5": "Q5: 50 products of an organization, the first page of 1,000",
    "q5b": "Q5b: the same, page 999",
}
_HEAD = "| | requests/s | of raw | p50 / p99 ms | alone p50 / p99 ms | server CPU ms | times raw | PostgreSQL CPU ms |"
Line = dict[str, Any]


def tables(results: Path) -> str:
    """Medians over the repeats, one table for each query."""
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    found = {line["query"] for line in lines}
    parts = [
        _table(title, [each for each in lines if each["query"] == query])
        for query, title in TITLES.items()
        if query in found
    ]
    names = dict.fromkeys(line["name"] for line in lines)
    used = (f"{name} {max(line['memory'] for line in lines if line['name'] == name)}" for name in names)
    return "\n".join((*parts, f"Memory in MiB after all of it: {', '.join(used)}."))


def _table(title: str, lines: list[Line]) -> str:
    by_name: dict[str, list[Line]] = {}
    for line in lines:
        by_name.setdefault(line["name"], []).append(line)
    bound = by_name.get(BOUND, lines)
    rows = [_row(name, of_one, bound) for name, of_one in by_name.items()]
    return "\n".join((f"### {title}\n", _HEAD, "|---|" + "--:|" * 7, *rows, ""))


def _row(name: str, lines: list[Line], bound: list[Line]) -> str:
    def of(kind: str, value: str, among: list[Line] = lines) -> float:
        return float(median(line[kind][value] for line in among))

    rate, cpu = of("busy", "rate"), of("busy", "server_cpu")
    failures = sum(line[kind]["failures"] for line in lines for kind in ("busy", "alone"))
    cells = (
        name + (f" ({failures} failures)" if failures else ""),
        f"{rate:,.0f}",
        f"{100 * rate / of('busy', 'rate', bound):.0f} %",
        f"{of('busy', 'p50'):.1f} / {of('busy', 'p99'):.0f}",
        f"{of('alone', 'p50'):.2f} / {of('alone', 'p99'):.1f}",
        f"{cpu:.3f}",
        f"{cpu / of('busy', 'server_cpu', bound):.1f}",
        f"{of('busy', 'database_cpu'):.3f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(tables(Path(sys.argv[1])))
