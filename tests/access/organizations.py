"""Rows of every model for two organizations, made from the catalog: ours, which asks, and theirs, which must not show.

Theirs has ten times as many. Some rows have the same key in both, the same owner and the same values to be found by.
Some refer across: a row of ours to a row of theirs, and rows of theirs to ours, which only a superuser can plant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.model import Catalog, Field, Model
from service.db.connections.engine import Database
from service.db.schema.tables import version_column

OURS, THEIRS = "ours", "theirs"
BOTH = "both"
"""The name of a row that either organization has."""
OWNER = "sub-olive::olive"
"""Owns rows in both organizations."""
APPROVERS = "Approvers"
"""A group that rows of both organizations name."""
NAMES = {
    OURS: ("ours-0", "ours-1", BOTH, "ours-stray"),
    THEIRS: (*(f"theirs-{n}" for n in range(40)), BOTH, "theirs-stray", "theirs-stray-1"),
}
"""The rows of each organization. A stray refers to rows of the other."""

_VALUES: dict[str, Any] = {
    "Int": 7,
    "Float": 1.5,
    "Boolean": True,
    "AWSDate": "2024-02-29",
    "AWSTime": "10:11:12",
    "AWSDateTime": "2024-02-29T10:11:12.000Z",
    "AWSTimestamp": 1_700_000_000,
    "AWSPhone": "+1 555 0100",
}


def row_of(model: Model, catalog: Catalog, organization: str, name: str) -> dict[str, Any]:
    """One row by API name, values as the API has them."""
    references = {own: its for own, its in _references(model) if model.tenant is None or own != model.tenant.name}
    row: dict[str, Any] = {}
    for field in model.stored:
        if field == model.tenant:
            row[field.name] = organization
        elif field.name in references:
            row[field.name] = _referred(name)
        elif field.name == "id":
            row[field.name] = name
        else:
            row[field.name] = _value(model, field, catalog, organization, name)
    return row


def _references(model: Model) -> Iterator[tuple[str, str]]:
    for relation in model.relations:
        if not relation.is_many:
            yield from zip(relation.fields, relation.target_fields, strict=True)


def _referred(name: str) -> str:
    """The row that a row refers to: the one of its own name, or the first of the other organization."""
    return {"ours-stray": "theirs-0", "theirs-stray": "ours-0", "theirs-stray-1": "ours-1"}.get(name, name)


def _value(model: Model, field: Field, catalog: Catalog, organization: str, name: str) -> Any:
    if field.name == "owner":
        return OWNER if name.endswith(("-0", BOTH)) else f"sub-{name}::{name}"
    if field.name == "approverGroups":
        return [APPROVERS] if name.endswith(("-0", BOTH)) else []
    if (traded := _traded(model, field, name)) is not None:
        return traded
    is_found_by = any(field.name == each.hash for each in model.indexes) or field.name in model.key
    text = f"{field.name} {BOTH}" if is_found_by and name == BOTH else f"{field.name} of {name} in {organization}"
    value = _scalar(field, catalog, text)
    return [value] if field.type.is_list else value


def _traded(model: Model, field: Field, name: str) -> Any:
    """Values with which products can be ordered, and the second order of each received."""
    match model.name, field.name:
        case "Product", "discontinuedAt":
            return "2024-02-29T10:11:12.000Z" if name == "theirs-9" else "2999-12-31T00:00:00.000Z"
        case "PurchaseOrder", "status" if name.endswith("-1"):
            return "SUBMITTED"
        case "PurchaseOrderItem", "receivedQuantity":
            return 0
        case "StockItem", "lot" if name.startswith("theirs-stray"):
            return "0"  # comes before the lots of ours in the same place
    return None


def _scalar(field: Field, catalog: Catalog, text: str) -> Any:
    kind = field.type.name
    if kind in catalog.enum_by_name:
        return catalog.enum_by_name[kind].values[0]
    if kind in catalog.object_by_name:
        return {each.name: _scalar(each, catalog, text) for each in catalog.object_by_name[kind].fields}
    word = text.replace(" ", "-")
    made = {
        "AWSJSON": orjson.dumps({"of": text}).decode(),
        "AWSEmail": f"{word}@example.com",
        "AWSURL": f"https://{word}.example.com/",
        "AWSIPAddress": "10.0.0.1" if OURS in text else "10.9.9.9",
    }
    return made.get(kind, _VALUES.get(kind, text))


async def plant(database: Database, catalog: Catalog, organization: str, names: Sequence[str] | None = None) -> None:
    """Put rows of an organization into the tables, as a superuser whom no reference and no policy stops.

    `names`: of rows that are not those of NAMES.
    """
    async with database.transaction() as transaction:
        await transaction.execute("SET LOCAL session_replication_role = replica")
        for model in (*catalog.models, AUDIT_ENTRY):
            called = (organization,) if model.name == "Organization" else names or NAMES[organization]
            rows = [stored(model, row_of(model, catalog, organization, name)) for name in called]
            await transaction.fetch_rows(
                f"INSERT INTO {model.table} SELECT * FROM json_populate_recordset(NULL::{model.table}, $1::json)",
                [orjson.dumps(rows).decode()],
            )


def stored(model: Model, row: dict[str, Any]) -> dict[str, Any]:
    """A row by column, as JSON that PostgreSQL makes a row of."""
    columns = {version_column(model): 1}
    for field in model.stored:
        value = row[field.name]
        columns[field.column] = orjson.loads(value) if field.type.name == "AWSJSON" else value
    return columns
