"""What happens to a function besides requests: it is frozen and thawed, loses its database, runs out of time."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.db.connections.engine import Database
from service.demo import demo_callers
from tests.aws.pooler import pooler_before
from tests.aws.runtime import LocalLambda, running_function
from tests.aws.test_handler import LIST, OURS, said

Event = dict[str, Any]
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
RENAME = "mutation ($i: UpdateOrganizationInput!) { updateOrganization(input: $i) { name } }"
RENAME_AND_READ = """mutation ($i: UpdateCategoryInput!) {
  updateCategory(input: $i) { name products { items { category { name } } } }
}"""


async def end_connections(admin: Database) -> int:
    """End all others; how many there were."""
    return len(await admin.fetch_rows(f"SELECT pg_terminate_backend(pid, 2000) {OTHERS}"))


async def connections(admin: Database) -> int:
    return int(await admin.fetch_value(f"SELECT count(*)::text {OTHERS}") or 0)


async def name_of_ours(admin: Database) -> str | None:
    return await admin.fetch_value("SELECT name FROM organizations WHERE id = $1", [demo_callers().admin.organization])


def renamed(graphql: Callable[..., Event], document: str, name: str) -> Event:
    return graphql(document, {"i": {"id": demo_callers().admin.organization, "name": name}})


async def test_i12_a_thawed_function_answers_though_its_connections_are_gone(
    function: LocalLambda, graphql: Callable[..., Event], admin: Database
):
    for document, answer in ((LIST, "listProducts"), (OURS, "getOrganization")):
        function.invoke(graphql(LIST))
        function.process.send_signal(signal.SIGSTOP)
        assert await end_connections(admin) > 0
        waiting = function.begin(graphql(document))
        function.process.send_signal(signal.SIGCONT)
        assert answer in said(waiting())["data"]


async def test_i12_a_change_after_the_thaw_is_made_once(
    function: LocalLambda, admin_event: Callable[..., Event], admin: Database
):
    before = await name_of_ours(admin)
    function.invoke(admin_event(OURS))
    assert await end_connections(admin) > 0
    answer = said(function.invoke(renamed(admin_event, RENAME, "Thawed")))
    assert answer == {"data": {"updateOrganization": {"name": "Thawed"}}}
    function.invoke(renamed(admin_event, RENAME, str(before)))


async def test_i13_a_thousand_invocations_leave_no_connections_behind(
    function: LocalLambda, graphql: Callable[..., Event], admin: Database
):
    four = graphql("{ " + " ".join(f"a{n}: listProducts(limit: 1) {{ items {{ id }} }}" for n in range(8)) + " }")
    function.invoke(four)
    before = await connections(admin)
    assert 1 <= before <= 4
    pids = "SELECT string_agg(pid::text, ',' ORDER BY pid) " + OTHERS
    those = await admin.fetch_value(pids)
    statuses = {function.invoke(four if n % 10 == 0 else graphql(OURS))["statusCode"] for n in range(1_000)}
    assert statuses == {200}
    assert await admin.fetch_value(pids) == those


async def test_a_request_ends_before_lambda_ends_it(
    function: LocalLambda, graphql: Callable[..., Event], admin: Database
):
    async with admin.transaction() as transaction:
        await transaction.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answer = function.invoke(graphql(LIST), seconds=2.5)
        assert time.monotonic() - started < 2.5  # Lambda would have ended it
    assert (answer["statusCode"], said(answer)["data"]) == (200, None)
    (error,) = said(answer)["errors"]
    assert (error["errorType"], error["message"][:20]) == ("ExecutionTimeout", "Execution timed out.")
    assert said(function.invoke(graphql(LIST)))["data"]["listProducts"]["items"]


async def test_over_rest_it_is_a_problem(function: LocalLambda, rest: Callable[..., Event], admin: Database):
    async with admin.transaction() as transaction:
        await transaction.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        answer = function.invoke(rest("GET", "/v1/products", "limit=2"), seconds=2.5)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (504, "application/problem+json")
    assert said(answer)["code"] == "timed_out"
    assert len(said(function.invoke(rest("GET", "/v1/products", "limit=2")))["data"]) == 2


async def test_i11_what_was_under_way_is_undone(
    function: LocalLambda, admin_event: Callable[..., Event], admin: Database
):
    """A change whose answer leads back to it, and so a transaction, that waits for somebody until time is up."""
    category = await admin.fetch_value("SELECT category_id FROM products WHERE category_id IS NOT NULL LIMIT 1")
    async with admin.transaction() as transaction:
        await transaction.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        change = admin_event(RENAME_AND_READ, {"i": {"id": category, "name": "Half done"}})
        answer = said(function.invoke(change, seconds=2.5))
        assert answer["errors"][0]["errorType"] == "ExecutionTimeout"
    async with asyncio.timeout(10):
        while await admin.fetch_value(f"SELECT 'yes' {OTHERS} AND state <> 'idle'"):  # noqa: ASYNC110  no event for us
            await asyncio.sleep(0.05)
    assert await admin.fetch_value("SELECT 'none' WHERE NOT EXISTS (SELECT FROM categories WHERE name = 'Half done')")


async def test_no_time_left_is_an_answer_too(function: LocalLambda, graphql: Callable[..., Event]):
    assert said(function.invoke(graphql(LIST), seconds=0.5))["errors"][0]["errorType"] == "ExecutionTimeout"
    assert "data" in said(function.invoke(graphql(LIST)))


async def test_i15_without_its_database_it_says_so_and_recovers(
    function_environ: dict[str, str], served_url: str, graphql: Callable[..., Event], tmp_path: Path
):
    with pooler_before(served_url, tmp_path) as pooler:
        pass
    with running_function("service.aws.handler", function_environ | {"DATABASE_URL": pooler.url}, tmp_path) as function:
        away = function.invoke(graphql(LIST))
        assert (away["statusCode"], away["headers"]["retry-after"]) == (503, "1")
        assert function.invoke({"warmup": True}) == {"warm": False}
        with pooler_before(served_url, tmp_path, listen_port=str(pooler.port)):
            assert function.invoke(graphql(LIST))["statusCode"] == 200


async def test_an_answer_that_lambda_would_cut_off_is_an_error(
    function: LocalLambda, graphql: Callable[..., Event], admin: Database
):
    many = " ".join(
        f"a{n}: listProducts(limit: 600) {{ items {{ id name description sku metadata tags createdAt }} }}"
        for n in range(150)
    )
    plain = graphql(f"{{ {many} }}", **{"accept-encoding": "identity"})
    answer = function.invoke(plain)
    assert answer["statusCode"] == 200
    (error,) = said(answer)["errors"]
    assert (error["errorType"], said(answer)["data"]) == ("AnswerTooLarge", None)
    assert "Ask for fewer rows or fields" in error["message"]
    compressed = function.invoke(graphql(f"{{ {many} }}"))
    assert len(compressed["body"]) < 6_000_000
    assert len(said(compressed)["data"]) == 150


async def test_a_rest_answer_that_lambda_would_cut_off_is_a_problem(
    function: LocalLambda, rest: Callable[..., Event], admin: Database
):
    """It says to ask for less, and a shorter page is answered."""
    without_triggers = "SET LOCAL session_replication_role = replica; UPDATE products SET description ="
    plain = {"accept-encoding": "identity"}
    await admin.execute_ddl(f"{without_triggers} description || repeat('x', 30000)")
    whole = function.invoke(rest("GET", "/v1/products", "limit=1000", **plain))
    shorter = function.invoke(rest("GET", "/v1/products", "limit=100", **plain))
    await admin.execute_ddl(f"{without_triggers} left(description, -30000)")
    assert (whole["statusCode"], said(whole)["code"]) == (413, "answer_too_large")
    assert "Ask for fewer rows or fields" in said(whole)["detail"]
    assert (shorter["statusCode"], len(said(shorter)["data"])) == (200, 100)
