"""The plural of a model's name, as Amplify forms it, and the names made from it.

Amplify uses the npm package `pluralize`; `pluralizer` is the same rules in Python. It is imported
only here and only when asked, because a packaged catalog holds the plurals already.
"""

from __future__ import annotations


def plural_of(name: str) -> str:
    """`Category` → `Categories`, `BillOfMaterials` → `BillOfMaterials`."""
    from pluralizer import Pluralizer  # noqa: PLC0415  the Lambda function never needs it

    return str(Pluralizer().pluralize(name))  # type: ignore[no-untyped-call]


def upper_first(name: str) -> str:
    """`email` → `Email`; the rest stays as it is."""
    return name[:1].upper() + name[1:]


def lower_first(name: str) -> str:
    """`Email` → `email`; the rest stays as it is."""
    return name[:1].lower() + name[1:]


def joined(*words: str) -> str:
    """The words as one camelCase name: `("post", "comments", "id")` → `postCommentsId`."""
    return lower_first("".join(upper_first(word) for word in words))


def default_index_name(plural: str, fields: tuple[str, ...]) -> str:
    """The name of an index that was given none, and of its query: `productSuppliersByProductId`."""
    return f"{lower_first(plural)}By{'And'.join(upper_first(each) for each in fields)}"
