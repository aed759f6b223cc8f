"""What a model file is written with: bases, scalars, fields, relations, access rules.

    class Product(Model):
        __tablename__ = "products"
        access = (allow.groups("Admin"), allow.signed_in(to="read"))

        sku: Mapped[str] = field(index("productBySku"))
        name: Mapped[str]
        released_on: Mapped[Date | None]
        category_id: Mapped[ID | None] = field(index("productsByCategory", sort="released_on"))
        category: Mapped[Category | None] = belongs_to("category_id")

An attribute is called in the API as its camelCase (`releasedOn`) and in PostgreSQL as it stands. An
underscore at its end, which keeps it apart from a word of Python, is part of neither name.
`Mapped[str]` is required in the API, `Mapped[str | None]` is not; what the column itself refuses is
decided by the integrity of the catalog. A class's docstring is its description in the API.
"""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from service.catalog.model import OnDelete
from service.db.vocabulary import allow
from service.db.vocabulary.annotations import (
    ID,
    JSON,
    URL,
    Date,
    DateTime,
    Email,
    IPAddress,
    Phone,
    Time,
    Timestamp,
    TypeName,
)
from service.db.vocabulary.declarative import JoinModel, Model, Record
from service.db.vocabulary.members import (
    belongs_to,
    created,
    field,
    has_many,
    has_one,
    index,
    key,
    root_fields,
    set_by_server,
    unresolved,
    updated,
)
from service.db.vocabulary.structures import Input, Mutation, Query, Structure, Subscription, value

__all__ = [
    "ID",
    "JSON",
    "URL",
    "Date",
    "DateTime",
    "Email",
    "IPAddress",
    "Input",
    "JoinModel",
    "Mapped",
    "Model",
    "Mutation",
    "OnDelete",
    "Phone",
    "Query",
    "Record",
    "Structure",
    "Subscription",
    "Time",
    "Timestamp",
    "TypeName",
    "allow",
    "belongs_to",
    "created",
    "field",
    "has_many",
    "has_one",
    "index",
    "key",
    "root_fields",
    "set_by_server",
    "unresolved",
    "updated",
    "value",
]
