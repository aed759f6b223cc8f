"""The source of what is in an API beside models: enums, structures, inputs, custom operations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.catalog.model import EnumType, Field, InputType, ObjectType, Operation
from service.catalog.plurals import lower_first, upper_first
from service.importer.layout import Argument, TupleArgument, sequence, statement, text
from service.importer.spelling import annotation, api_argument, class_name, enum_member, rule, value_attribute


def enum_source(enum: EnumType) -> list[str]:
    """An enum as a `StrEnum`."""
    return [
        f"class {class_name(enum.name)}(StrEnum):",
        *(f"    {enum_member(value)} = {text(value)}" for value in enum.values),
    ]


def structure_source(structure: ObjectType) -> list[str]:
    """A type that is no model."""
    fields = {each.name: each for each in (*structure.fields, *structure.relations)}
    return _class(structure.name, "Structure", [fields[name] for name in structure.order])


def input_source(input_: InputType) -> list[str]:
    """A hand-written input."""
    return _class(input_.name, "Input", input_.fields)


def operation_source(operation: Operation, taken: set[str]) -> list[str]:
    """A custom operation; `taken` are the classes its module knows by then, and gets its own."""
    base = f"{operation.root.value}[{annotation(operation.type)}]"
    name = class_name(upper_first(operation.name))
    while name in taken:
        name = f"{name}{operation.root.value}"
    taken.add(name)
    head: list[str] = []
    if lower_first(name.removesuffix("_")) != operation.name:
        head.append(f"    api = {text(operation.name)}")
    if operation.function:
        head.append(f"    function = {text(operation.function)}")
    if operation.mutations:
        head += sequence("listens_to = ", [text(each) for each in operation.mutations], compact=True)
    if operation.rules:
        head += sequence("access = ", [rule(each, {}) for each in operation.rules])
    values = _values(operation.arguments)
    gap = [""] if head and values else []
    return [f"class {name}({base}):", *(head + gap + values or ["    pass"])]


def _class(name: str, base: str, fields: Sequence[Field]) -> list[str]:
    return [f"class {class_name(name)}({base}):", *(_values(fields) or ["    pass"])]


def _values(fields: Iterable[Field]) -> list[str]:
    lines: list[str] = []
    taken: list[str] = []
    for field in fields:
        attribute = value_attribute(field.name, taken)
        taken.append(attribute)
        arguments: list[Argument] = [*api_argument(field.name, attribute)]
        arguments += [f"default={text(field.default)}"] if field.default is not None else []
        if field.rules:
            arguments.append(TupleArgument("access", [rule(each, {}) for each in field.rules]))
        declared = f"{attribute}: {annotation(field.type)}"
        lines += statement(f"{declared} = value", arguments) if arguments else [f"    {declared}"]
    return lines
