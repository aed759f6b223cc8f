"""The plural of a model's name, as Amplify forms it, and the names made from it.

Amplify uses the npm package `pluralize`; `pluralizer` is the same rules in Python. It is imported
only here and only when asked, because a packaged catalog holds the plurals already.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from service.catalog.model import Operations


def plural_of(name: str) -> str:
    """`Category` → `Categories`, `BillOfMaterials` → `BillOfMaterials`."""
    return str(_pluralizer().pluralize(name))


@cache
def _pluralizer() -> Any:
    from pluralizer import Pluralizer  # noqa: PLC0415  the Lambda function never needs it

    return Pluralizer()  # type: ignore[no-untyped-call]


def upper_first(name: str) -> str:
    """`email` → `Email`; the rest stays as it is."""
    return name[:1].upper() + name[1:]


def lower_first(name: str) -> str:
    """`Email` → `email`; the rest stays as it is."""
    return name[:1].lower() + name[1:]


def joined(*words: str) -> str:
    """The words as one camelCase name: `("post", "comments", "id")` → `postCommentsId`."""
    return lower_first("".join(upper_first(word) for word in words))


def standard_operations(name: str, plural: str) -> Operations:
    """The root fields of a model that renames none: `getProduct`, `listProducts` and so on."""
    return Operations(
        get=joined("get", name),
        list=joined("list", plural),
        create=joined("create", name),
        update=joined("update", name),
        delete=joined("delete", name),
        on_create=(joined("onCreate", name),),
        on_update=(joined("onUpdate", name),),
        on_delete=(joined("onDelete", name),),
    )


def short_index_name(hash_: str) -> str:
    """What people call an index by one field, `byCategory` on `categoryId`: the default of a model class."""
    return f"by{upper_first(hash_.removesuffix('Id') or hash_)}"


def default_index_name(plural: str, fields: tuple[str, ...]) -> str:
    """The name of an index to which a schema gives none, and of its query: `productSuppliersByProductId`."""
    return f"{lower_first(plural)}By{'And'.join(upper_first(each) for each in fields)}"
