"""Foreign keys that a hasMany without `fields` implies, which Amplify's subscription filters misplace.

`Blog.posts: [Post] @hasMany` adds `blogPostsId` to Post: to its type, inputs, filter and condition. Into
the subscription filters it goes on the wrong side, Blog's. Old documents name those filters, so they stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from service.catalog import names
from service.catalog.model import Catalog, Field, Model


class ImpliedKeys:
    """The implied keys of a whole catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._by_owner: dict[str, list[Field]] = defaultdict(list)
        self._by_holder: dict[str, set[str]] = defaultdict(set)
        for model in catalog.models:
            for holder, field in _implied(catalog, model):
                self._by_owner[model.name].append(field)
                self._by_holder[holder.name].add(field.name)

    def subscribed(self, model: Model) -> list[Field]:
        """The fields that a subscription's filter shows: without the keys it holds, with those it implies."""
        held, added = self._by_holder.get(model.name, ()), self._by_owner.get(model.name, ())
        return [*(each for each in model.fields if each.name not in held), *added] if held or added else [*model.fields]


def _implied(catalog: Catalog, model: Model) -> Iterator[tuple[Model, Field]]:
    for relation in model.relations:
        if relation.is_many:
            target = catalog.model_by_name[relation.target]
            # An old compiler flag names the first key `…Id` whatever the key is called.
            for key in dict.fromkeys((*model.key, "id")):
                field = target.field_by_name.get(names.implied_key(model.name, relation.name, key))
                if field is not None:
                    yield target, field
