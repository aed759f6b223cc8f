"""Operations to begin with in GraphiQL: those written for the shipped inventory, or made for any other schema."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from service.catalog.model import Catalog, Field, Model, Relation

MOST_MODELS = 12
MOST_FIELDS = 8
MOST_RELATIONS = 2


def examples_in(folder: Path) -> dict[str, str]:
    """The documents of a folder in the order of their names, each under its name without number and suffix.

    A folder that is not there has none: an installed package comes without the examples of the repository.
    """
    files = sorted(folder.glob("*.graphql"))
    return {file.stem.lstrip("0123456789-"): file.read_text(encoding="utf-8") for file in files}


def examples_of(catalog: Catalog) -> dict[str, str]:
    """A query of the first rows of each of the first models, with a few of their fields and of what they refer to."""
    models = [model for model in catalog.models if model.operations.list and not model.is_join]
    return {model.plural: _listing(model, catalog) for model in models[:MOST_MODELS]}


def _listing(model: Model, catalog: Catalog) -> str:
    lines = [
        f"# The first {model.plural}",
        "# A filter runs before the limit; give nextToken back for the next page.",
        f"query List{model.plural}($limit: Int = 10, $nextToken: String) {{",
        f"  {model.operations.list}(limit: $limit, nextToken: $nextToken) {{",
        "    items {",
        *(f"      {line}" for line in _selection(model, catalog)),
        "    }",
        "    nextToken",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _selection(model: Model, catalog: Catalog) -> Iterator[str]:
    plain = [field.name for field in model.fields if _is_plain(field, catalog) and field.name not in model.key]
    yield from (*model.key, *plain[: MOST_FIELDS - len(model.key)])
    open_ones = [relation for relation in model.relations if not relation.rules]
    for is_many in (False, True):
        for relation in islice((each for each in open_ones if each.is_many is is_many), MOST_RELATIONS):
            yield _related(relation, catalog)


def _is_plain(field: Field, catalog: Catalog) -> bool:
    """Whether it needs no selection of its own and is open to everyone who may read the row."""
    return field.type.name not in catalog.object_by_name and not field.rules


def _related(relation: Relation, catalog: Catalog) -> str:
    key = " ".join(catalog.model_by_name[relation.target].key)
    if relation.is_many:
        return f"{relation.name}(limit: 3) {{ items {{ {key} }} }}"
    return f"{relation.name} {{ {key} }}"
