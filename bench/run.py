"""`python -m bench.run`: everybody answers the same questions, in turn, and a table says how."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import shutil
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from bench import queries, report
from bench.answers import assert_equal
from bench.contenders import ROOT, Contender, Running, contenders
from bench.database import running
from bench.measure import load, memory, postmaster
from service.auth.issuer import DevelopmentIssuer

QUERIES = ("q1", "q2", "q3", "q5", "q5b", "q4")
"""Writes last: they leave dead rows."""
CONNECTIONS, SECONDS, SECONDS_ALONE = 16, 2, 1
STEP = 9_980
"""Rows of a page on the way to the deep one; five of them come before page 999."""


def main() -> None:
    """Measure, and print the tables."""
    options = _options()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed: apt-get install wrk")
    chosen = _chosen(options)
    options.data_dir.mkdir(parents=True, exist_ok=True)
    results = options.data_dir / "results.jsonl"
    token = DevelopmentIssuer.open(options.data_dir).issue("bench", "bench")
    with ExitStack() as stack:
        url = stack.enter_context(running(options.data_dir, options.database_url))
        servers = []
        for number, contender in enumerate(chosen):
            server = Running(contender, url, options.data_dir / f"server-{number}.log")
            stack.callback(server.stop)
            servers.append(server)
        for server in servers:
            server.wait()
        cases = _cases(servers, options, token)
        _measure_all(cases, options.repeats, token, asyncio.run(postmaster(url)), results)
    print(report.tables(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="rounds, every second one in reverse")
    parser.add_argument("--only", default="", metavar="NAMES", help="contenders, comma-separated; raw is the measure")
    parser.add_argument("--queries", default=",".join(QUERIES), metavar="NAMES", help="comma-separated")
    parser.add_argument(
        "--database-url", metavar="URL", help="an empty PostgreSQL database instead of the embedded one"
    )
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".offramp" / "bench", metavar="DIR")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> list[Contender]:
    names = [name for name in options.only.split(",") if name]
    chosen = [each for each in contenders(options.data_dir) if not names or each.name in names]
    for missing in (each for each in chosen if not each.is_installed):
        print(f"!!! {missing.name} is SKIPPED: it is not installed (bench/README.md says how)")
    return [each for each in chosen if each.is_installed]


@dataclass(frozen=True, slots=True)
class Case:
    """One query asked of one contender."""

    query: str
    server: Running
    bodies: Path


def _cases(servers: list[Running], options: argparse.Namespace, token: str) -> list[Case]:
    """What to measure, once all contenders have given equal answers to each query."""
    cases = []
    for query in options.queries.split(","):
        answers = {}
        for server in servers:
            name = server.contender.name
            if server.contender.only and query not in server.contender.only:
                continue
            lines = _lines(server, query, token)
            answers[name] = server.ask(lines[0].replace(queries.UNIQUE, str(uuid.uuid4())), token)
            bodies = options.data_dir / f"bodies-{query}-{name.replace(' ', '')}.txt"
            bodies.write_text("\n".join(lines) + "\n")
            cases.append(Case(query, server, bodies))
        assert_equal(query, answers)
    return cases


def _lines(server: Running, query: str, token: str) -> list[str]:
    words = server.contender.words
    if query != "q5b":
        return words[query].bodies()
    return words["q5"].bodies(nextToken=_deep_token(server, token))


def _deep_token(server: Running, token: str) -> str:
    """The cursor of page 998."""
    at: dict[str, Any] = {"limit": STEP}
    for _ in range((queries.DEEP_PAGE - 1) * queries.PAGE // STEP):
        answer = server.ask(server.contender.ids.bodies(**at)[0], token)["listProducts"]
        at["nextToken"] = answer.get("pageInfo", answer)["nextToken"]
    return str(at["nextToken"])


def _measure_all(cases: list[Case], repeats: int, token: str, database: int, results: Path) -> None:
    with results.open("w") as file:
        for repeat in range(repeats):
            for _, group in groupby(cases, key=lambda case: case.query):
                for case in group if repeat % 2 == 0 else reversed(list(group)):
                    file.write(json.dumps(_measure(case, token, database, warm_up=repeat == 0)) + "\n")
                    file.flush()


def _measure(case: Case, token: str, database: int, *, warm_up: bool) -> dict[str, Any]:
    process = case.server.process.pid
    ask = partial(load, case.server.url, case.bodies, token, server=process, database=database)
    if warm_up:  # caches, connections, Node's compiler
        ask(connections=CONNECTIONS, seconds=1)
    busy = ask(connections=CONNECTIONS, seconds=SECONDS)
    alone = ask(connections=1, seconds=SECONDS_ALONE)
    line = {"query": case.query, "name": case.server.contender.name, "memory": memory(process)}
    return line | {"busy": dataclasses.asdict(busy), "alone": dataclasses.asdict(alone)}


if __name__ == "__main__":
    main()
