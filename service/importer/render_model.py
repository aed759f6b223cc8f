"""The source of one model class."""

from __future__ import annotations

import dataclasses

from service.catalog.indexes import index_on
from service.catalog.model import Catalog, Field, Index, Model, Relation, Rule, Timestamps, TypeRef
from service.catalog.plurals import plural_of, short_index_name, standard_operations
from service.importer.layout import Argument, TupleArgument, docstring, names, sequence, statement, text
from service.importer.spelling import annotation, api_argument, attributes, class_name, default, rule

STAMP_TYPE = TypeRef("AWSDateTime", required=True)


class ModelSource:
    """Writes one model; what its base brings is left out."""

    def __init__(self, model: Model, catalog: Catalog) -> None:
        self.model = model
        self.catalog = catalog
        self.spelled = attributes(model)
        self.base = self._base()
        self.inherited = self._inherited()

    def lines(self) -> list[str]:
        """The class, without blank lines around it."""
        model = self.model
        lines = [f"class {class_name(model.name)}({self.base}):"]
        lines += docstring(model.description, indent=4) if model.description else []
        lines.append(f"    __tablename__ = {text(model.table)}")
        if model.plural != plural_of(model.name):
            lines.append(f"    plural = {text(model.plural)}")
        if model.names_key and model.key == ("id",):
            lines.append("    names_key = True")
        if model.is_join and self.base != "JoinModel":
            lines.append("    is_join = True")
        lines += self._operations()
        if model.rules:
            lines += sequence("access = ", [rule(each, self.spelled) for each in model.rules])
        members = [line for name in model.order if name not in self.inherited for line in self._member(name)]
        return [*lines, "", *members] if members else lines

    def _base(self) -> str:
        """`Model` if the timestamps are where it puts them and there is an id, else the bare `Record`."""
        model = self.model
        stamps = [model.field_by_name.get(name) for name in ("createdAt", "updatedAt")]
        standard = model.timestamps == Timestamps() and all(each and _is_plain_stamp(each) for each in stamps)
        if not standard or "id" not in model.field_by_name:
            return "Record"
        at = model.order.index("createdAt")
        after = model.order[at + 2 :]
        in_place = model.order[at : at + 2] == ("createdAt", "updatedAt")
        if not in_place or any(name not in model.field_by_name or name in model.key for name in after):
            return "Record"
        return "JoinModel" if model.is_join else "Model"

    def _inherited(self) -> frozenset[str]:
        if self.base == "Record":
            return frozenset()
        plain_id = Field("id", TypeRef("ID", required=True), "id")
        first = self.model.order[0] == "id" and self.model.key == ("id",)
        is_plain = first and self.model.field_by_name["id"] == plain_id and not self._indexes("id")
        return frozenset({"createdAt", "updatedAt"} | ({"id"} if is_plain else set()))

    def _operations(self) -> list[str]:
        standard = standard_operations(self.model.name, self.model.plural)
        changes = [
            f"{each.name}={_operation(value)}"
            for each in dataclasses.fields(standard)
            if (value := getattr(self.model.operations, each.name)) != getattr(standard, each.name)
        ]
        return statement("operations = root_fields", changes) if changes else []

    def _member(self, name: str) -> list[str]:
        attribute = self.spelled[name]
        if field := self.model.field_by_name.get(name):
            declared = f"{attribute}: Mapped[{annotation(field.type)}]"
            call: tuple[str, list[Argument]] | None = self._field(field)
        elif relation := self.model.relation_by_name.get(name):
            declared = f"{attribute}: Mapped[{_relation_annotation(relation)}]"
            call = self._relation(relation)
        else:
            found = next(each for each in self.model.unresolved if each.name == name)
            declared = f"{attribute}: Mapped[{annotation(found.type)}]"
            call = ("unresolved", [*api_argument(name, attribute)])
        if call is None:
            return [f"    {declared}"]
        return statement(f"{declared} = {call[0]}", call[1])

    def _field(self, field: Field) -> tuple[str, list[Argument]] | None:
        """The call on the right-hand side and its arguments; None if the type says it all."""
        attribute = self.spelled[field.name]
        arguments: list[Argument] = [self._index(each) for each in self._indexes(field.name)]
        function = self._function(field)
        if function == "key" and self._key_position(field.name):
            arguments.append(f"position={self._key_position(field.name)}")
        if field.default is not None:
            arguments.append(f"default={default(field, self.catalog)}")
        arguments += self._access(field.rules)
        arguments += api_argument(field.name, attribute)
        if function in {"created", "updated"} and field.in_input:
            arguments.insert(0, "in_input=True")
        if function == "field" and self._is_trailing(field.name):
            arguments.append("trailing=True")
        return None if function == "field" and not arguments else (function, arguments)

    def _function(self, field: Field) -> str:
        if field.name in self.model.key:
            return "key"
        stamps = {self.model.timestamps.created: "created", self.model.timestamps.updated: "updated"}
        return stamps.get(field.name) or ("field" if field.in_input else "set_by_server")

    def _is_trailing(self, name: str) -> bool:
        order = self.model.order
        return self.base != "Record" and order.index(name) > order.index("updatedAt")

    def _key_position(self, name: str) -> int:
        """The position of a key field, or 0 if the fields stand in the key's order."""
        key = self.model.key
        return 0 if tuple(each for each in self.model.order if each in key) == key else key.index(name) + 1

    def _indexes(self, name: str) -> list[Index]:
        return [each for each in self.model.indexes if each.hash == name]

    def _index(self, index: Index) -> str:
        arguments = [text(index.query) if index.query else "None"]
        if index.sort:
            arguments.append(f"sort={names([self.spelled[each] for each in index.sort])}")
        if index.name != short_index_name(index.hash):
            arguments.append(f"name={text(index.name)}")
        return f"index({', '.join(arguments)})"

    def _relation(self, relation: Relation) -> tuple[str, list[Argument]]:
        own = [text(self.spelled[each]) for each in relation.fields]
        last = [*self._access(relation.rules), *api_argument(relation.name, self.spelled[relation.name])]
        if not relation.is_many:
            return ("belongs_to" if relation.kind == "belongsTo" else "has_one"), [*own, *last]
        target = self.catalog.model_by_name[relation.target]
        its = attributes(target)
        arguments: list[Argument] = [text(its[each]) for each in relation.target_fields]
        if relation.fields != self.model.key[: len(relation.target_fields)]:
            arguments.append(f"by={names([self.spelled[each] for each in relation.fields])}")
        implied = index_on(target.indexes, relation.target_fields)
        if relation.index != (implied.name if implied else None):
            arguments.append(f"index={text(relation.index) if relation.index else False}")
        return "has_many", [*arguments, *last]

    def _access(self, rules: tuple[Rule, ...]) -> list[Argument]:
        return [TupleArgument("access", [rule(each, self.spelled) for each in rules])] if rules else []


def _is_plain_stamp(field: Field) -> bool:
    return field.type == STAMP_TYPE and not field.in_input and not field.rules


def _relation_annotation(relation: Relation) -> str:
    name = class_name(relation.target)
    if relation.is_many:
        return f"list[{name}]"
    return name if relation.required else f"{name} | None"


def _operation(value: str | tuple[str, ...] | None) -> str:
    if isinstance(value, tuple):
        return names(value) if value else "None"
    return text(value) if value else "None"
