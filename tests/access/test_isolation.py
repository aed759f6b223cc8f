"""Nobody sees another organization's rows, changes them, or learns of them: every operation of every model.

The answers, how many statements they took, and what became of our own rows are the same as if theirs were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.auth.principal import Principal
from service.catalog.model import Catalog, Model
from service.db.connections.engine import Database
from tests.access.conftest import (
    CALLERS,
    MADE_UP,
    THEIR_ADMIN,
    Databases,
    World,
    databases_of,
    rows_of,
)
from tests.access.organizations import BOTH, OURS, THEIRS
from tests.access.questions import PLACED, Question, custom_operations, far_reads, reads, suggestions, writes
from tests.conftest import MakeDatabase

FAILED = '"InternalFailure"'
"""The type of an error that nobody foresaw."""
ADMIN = CALLERS["Admin"]


async def different(
    world: World, databases: Databases, questions: Iterable[Question], callers: Mapping[str, Principal]
) -> list[str]:
    """The answers that tell whether theirs are there, a line each."""
    found = []
    for question in questions:
        for name, caller in callers.items():
            expected = await world.ask(databases.alone, question, caller)
            answered = await world.ask(databases.shared, question, caller)
            if answered != expected or FAILED in answered.body:
                found.append(f"{question.what} by {name}: {answered}\n   for {expected}")
    return found


def every_read(catalog: Catalog) -> list[Question]:
    return [*(each for model in catalog.models for each in reads(model, catalog)), *far_reads(), *suggestions()]


async def test_what_is_read_is_the_same_as_if_theirs_were_not_there(
    world: World, databases: Databases, enforced: Catalog
):
    assert not await different(world, databases, every_read(enforced), CALLERS)
    (ours, *_) = suggestions()
    assert f'"warehouseId":"{BOTH}"' in (await world.ask(databases.shared, ours, ADMIN)).body


async def test_what_is_written_is_the_same_as_if_theirs_were_not_there(
    world: World, databases: Databases, enforced: Catalog
):
    theirs = await rows_of(databases.shared_superuser, enforced, THEIRS)
    for model in enforced.models:
        assert not await different(world, databases, writes(model, enforced), CALLERS)
    assert not await different(world, databases, custom_operations(), CALLERS)
    assert await _traded(databases.shared_superuser) == {
        "with a number of theirs": (1, 0), "placed": (1, 0), "with product theirs-9": (1, 0), "ours-1": (1, 2)
    }  # fmt: skip
    assert await rows_of(databases.shared_superuser, enforced, THEIRS) == theirs
    assert await _contents(databases.alone_superuser, enforced) == await _contents(databases.shared_superuser, enforced)


async def _traded(superuser: Database) -> dict[str, tuple[int, int]]:
    """What the custom operations were allowed: our orders that were placed or received, with lines and units."""
    rows = await superuser.fetch_rows(
        "SELECT CASE WHEN o.id = 'ours-1' THEN o.id WHEN o.number LIKE 'number%' THEN 'with a number of theirs' "
        "ELSE o.number END, count(*), sum(received_quantity) FROM purchase_orders AS o JOIN purchase_order_items AS i "
        "ON (i.organization_id, i.purchase_order_id) = (o.organization_id, o.id) "
        "WHERE o.organization_id = $1 AND o.status = 'SUBMITTED' GROUP BY 1", [OURS]
    )  # fmt: skip
    return {name: (lines, received) for name, lines, received in rows}


async def _contents(superuser: Database, catalog: Catalog) -> dict[str, list[str]]:
    """Our rows, but for when they were written."""
    rows = await rows_of(superuser, catalog, OURS)
    return {model: sorted(MADE_UP.sub("", each.partition(" ")[2]) for each in found) for model, found in rows.items()}


async def test_a_cursor_of_theirs_is_refused(world: World, databases: Databases, enforced: Catalog):
    for model in enforced.models:
        if model.name == "Organization":
            continue  # of which everybody has one, and no next page
        for field, given in _pages(model, enforced):
            first = f"{{ page: {field}({given}limit: 1) {{ nextToken }} }}"
            token = (await world.data(databases.shared, first, THEIR_ADMIN))["page"]["nextToken"]
            assert token is not None, field
            own = (await world.data(databases.shared, first, ADMIN))["page"]["nextToken"]
            following = f"query ($token: String) {{ {field}({given}nextToken: $token) {{ nextToken }} }}"
            assert (await world.error(databases.shared, following, ADMIN, token=token))[0] == "InvalidNextToken"
            if own is not None:
                assert (await world.data(databases.shared, following, ADMIN, token=own))[field] is not None


def _pages(model: Model, catalog: Catalog) -> list[tuple[str, str]]:
    """The pages that theirs have more than one of: the list, and what one value of an index finds."""
    by_status = [("purchaseOrdersByStatus", "status: DRAFT, ")] if model.name == "PurchaseOrder" else []
    assert model.operations.list is not None
    return [(model.operations.list, ""), *by_status]


async def test_the_answers_about_theirs_are_those_about_nothing(world: World, databases: Databases, enforced: Catalog):
    """The same once more in so many words: two answers that agree could both be wrong."""
    on = databases.shared
    change = "mutation ($input: UpdateSupplierInput!) { updateSupplier(input: $input) { id } }"
    make = "mutation ($input: CreateSupplierInput!) { createSupplier(input: $input) { id name } }"
    refer = "mutation ($input: CreateCategoryInput!) { createCategory(input: $input) { id } }"
    unmet = ("DynamoDB:ConditionalCheckFailedException", "The conditional request failed")
    dangling = (unmet[0], "parentId refers to a row that does not exist.")
    refused = ("Unauthorized", "Unauthorized on [organizationId]")
    assert await world.data(on, '{ getSupplier(id: "theirs-0") { id } }', ADMIN) == {"getSupplier": None}
    seen = await world.data(on, "{ listOrganizations { items { id } } listUsers { items { organizationId } } }", ADMIN)
    assert seen["listOrganizations"]["items"] == [{"id": OURS}]
    assert {each["organizationId"] for each in seen["listUsers"]["items"]} == {OURS}
    assert await world.error(on, change, ADMIN, input={"id": "theirs-0", "name": "x"}) == unmet
    assert await world.error(on, change, ADMIN, input={"id": "ours-1", "organizationId": THEIRS}) == refused
    assert await world.error(on, make, ADMIN, input={"organizationId": THEIRS, "name": "x"}) == refused
    made = await world.data(on, make, ADMIN, input={"organizationId": OURS, "id": "theirs-7", "name": "x"})
    assert made == {"createSupplier": {"id": "theirs-7", "name": "x"}}
    for parent in ("theirs-0", "missing"):
        given = {"organizationId": OURS, "name": "x", "parentId": parent}
        assert await world.error(on, refer, ADMIN, input=given) == dangling
    lines = [{"productId": "theirs-0", "quantity": 1, "unitPrice": 1}]
    order = {"organizationId": OURS, "number": "9", "supplierId": "ours-1", "warehouseId": "ours-1", "lines": lines}
    assert "Line 1" in (await world.error(on, PLACED, ADMIN, input=order))[1]


async def test_with_neither_layer_every_model_shows_theirs(
    without_predicates: World, make_database: MakeDatabase, enforced: Catalog
):
    """What shows that the questions above would find a leak: here everything leaks."""
    databases = await databases_of(make_database, enforced, policies=False)
    for model in enforced.models:
        assert len(await different(without_predicates, databases, reads(model, enforced), {"Admin": ADMIN})) > 3
    theirs = await rows_of(databases.shared_superuser, enforced, THEIRS)
    for model in enforced.models:
        await different(without_predicates, databases, writes(model, enforced), {"Admin": ADMIN})
    left = await rows_of(databases.shared_superuser, enforced, THEIRS)
    # The key of an organization is compared with the caller's before anything is asked of the database.
    assert [name for name in theirs if left[name] == theirs[name]] == ["Organization"]
    await databases.close()
