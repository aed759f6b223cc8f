"""The statements that make one database what another is, from the parts in which they differ.

They are what a person would write, and no more is known: that a column was renamed, or what shall stand in a new one
that may not be null, is nowhere to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from service.db.comparison.differences import Difference, differences
from service.db.comparison.structure import Key, Kind, Structure
from service.db.security.roles import OWNER, SERVE

NOT_NULL = " NOT NULL"
DEFAULT = re.compile(r" DEFAULT (.*?)(?: NOT NULL)?$", re.DOTALL)
GIVEN = {Kind.TABLE: (SERVE, "DELETE, INSERT, SELECT, UPDATE"), Kind.FUNCTION: ("PUBLIC", "EXECUTE")}
"""Who may do what with a new thing: by the owner's default privileges (`security/roles.py`), by PostgreSQL's own."""


class Phase(IntEnum):
    """When a statement's turn is: what others stand on is made before them, and goes after them."""

    UNGUARD = 0
    UNBIND = 1
    DROP = 2
    CREATE = 3
    RETYPE = 4
    COLUMNS = 5
    REQUIRE = 6
    INDEX = 7
    BIND = 8
    REFER = 9
    DEFINE = 10
    GUARD = 11
    FORGET = 12


@dataclass(frozen=True, slots=True)
class Step:
    """A statement, and what it is about."""

    phase: Phase
    key: Key
    sql: str


def steps(found: Structure, wanted: Structure) -> list[Step]:
    """The statements, in an order in which they can be run, as the owner of everything."""
    made = [step for each in differences(found, wanted) for step in _steps(each, found, wanted)]
    return sorted(made, key=lambda step: step.phase)


def _steps(about: Difference, found: Structure, wanted: Structure) -> Iterator[Step]:
    key = about.key
    match key.kind:
        case Kind.TABLE if about.found is None:
            yield from _new_table(key, wanted)
        case Kind.TABLE:
            yield Step(Phase.DROP, key, f"DROP TABLE {key.of} CASCADE")
        case Kind.FUNCTION if about.wanted is None:
            yield Step(Phase.FORGET, key, f"DROP FUNCTION {key.of}")
        case Kind.FUNCTION:
            yield Step(Phase.DEFINE, key, (about.wanted or "").rstrip())
            if about.found is None:
                yield from _owned(key, wanted)
        case Kind.COLUMN:
            yield from _column(about)
        case Kind.OWNER:
            yield Step(Phase.GUARD, key, _given(key, about.wanted or OWNER, found))
        case Kind.RIGHTS:
            yield from _rights(key, about.found, about.wanted, found)
        case Kind.SECURITY:
            yield from _security(about)
        case _:
            yield from _replaced(about)


def _new_table(key: Key, wanted: Structure) -> Iterator[Step]:
    parts = {part: text for part, text in wanted.items() if part.of == key.of}
    columns = [f"{part.name} {text}" for part, text in parts.items() if part.kind is Kind.COLUMN]
    bound = [
        f"CONSTRAINT {part.name} {text}"
        for part, text in parts.items()
        if part.kind is Kind.CONSTRAINT and not _refers(text)
    ]
    lines = ",\n    ".join([*columns, *bound])
    yield Step(Phase.CREATE, key, f"CREATE TABLE {key.of} (\n    {lines}\n)")
    for part, text in parts.items():
        if part.kind in {Kind.INDEX, Kind.POLICY, Kind.TRIGGER} or (part.kind is Kind.CONSTRAINT and _refers(text)):
            yield _added(part, text)
        elif part.kind is Kind.SECURITY:
            yield from _security(Difference(part, None, text))
    yield from _owned(key, wanted)


def _owned(key: Key, wanted: Structure) -> Iterator[Step]:
    """The owner and the rights of a new thing, which the role `app_owner` has made."""
    owner = Key(Kind.OWNER, key.of, "")
    if wanted[owner] != OWNER:
        yield Step(Phase.DEFINE, owner, _given(owner, wanted[owner], wanted))
    role, rights = GIVEN[key.kind]
    given = Key(Kind.RIGHTS, key.of, role)
    if given not in wanted:
        yield Step(Phase.DEFINE, given, f"REVOKE ALL ON {_named(key)} FROM {role}")
    for part, text in wanted.items():
        if part.kind is Kind.RIGHTS and part.of == key.of and (part, text) != (given, rights):
            yield from _rights(part, rights if part == given else None, text, wanted)


def _rights(key: Key, found: str | None, wanted: str | None, structure: Structure) -> Iterator[Step]:
    what = _named(_whole(key, structure))
    if found is not None:
        yield Step(Phase.DEFINE, key, f"REVOKE ALL ON {what} FROM {key.name}")
    if wanted is not None:
        yield Step(Phase.DEFINE, key, f"GRANT {wanted} ON {what} TO {key.name}")


def _given(key: Key, owner: str, structure: Structure) -> str:
    whole = _whole(key, structure)
    return f"ALTER {whole.kind.upper()} {key.of} OWNER TO {owner}"


def _whole(key: Key, structure: Structure) -> Key:
    table = Key(Kind.TABLE, key.of, "")
    return table if table in structure else Key(Kind.FUNCTION, key.of, "")


def _named(whole: Key) -> str:
    return f"FUNCTION {whole.of}" if whole.kind is Kind.FUNCTION else whole.of


def _column(about: Difference) -> Iterator[Step]:
    key, table = about.key, f"ALTER TABLE {about.key.of}"
    if about.wanted is None:
        yield Step(Phase.DROP, key, f"{table} DROP COLUMN {key.name}")
        return
    alter = f"{table} ALTER COLUMN {key.name}"
    type_, default, required = _told(about.wanted)
    if about.found is None:
        filled = f" DEFAULT {default}" + (NOT_NULL if required else "") if default else ""
        yield Step(Phase.COLUMNS, key, f"{table} ADD COLUMN IF NOT EXISTS {key.name} {type_}{filled}")
        if required and not default:
            yield Step(Phase.REQUIRE, key, f"{alter} SET NOT NULL")
        return
    type_was, default_was, required_was = _told(about.found)
    if type_ != type_was:
        yield Step(Phase.RETYPE, key, f"{alter} TYPE {type_} USING {key.name}::{type_.partition(' COLLATE ')[0]}")
    if default != default_was:
        yield Step(Phase.COLUMNS, key, f"{alter} SET DEFAULT {default}" if default else f"{alter} DROP DEFAULT")
    if required_was and not required:
        yield Step(Phase.COLUMNS, key, f"{alter} DROP NOT NULL")
    if required and not required_was:
        yield Step(Phase.REQUIRE, key, f"{alter} SET NOT NULL")


def _told(definition: str) -> tuple[str, str | None, bool]:
    """The type, the default, and whether it is required."""
    default = DEFAULT.search(definition)
    type_ = definition[: default.start()] if default else definition.removesuffix(NOT_NULL)
    return type_, default and default[1], definition.endswith(NOT_NULL)


def _security(about: Difference) -> Iterator[Step]:
    was, becomes = ((text or "").split(", ") for text in (about.found, about.wanted))
    for each, off in (("ENABLE", "DISABLE"), ("FORCE", "NO FORCE")):
        if (each in was) != (each in becomes):
            word = each if each in becomes else off
            yield Step(Phase.GUARD, about.key, f"ALTER TABLE {about.key.of} {word} ROW LEVEL SECURITY")


def _replaced(about: Difference) -> Iterator[Step]:
    key = about.key
    if about.found is not None:
        match key.kind:
            case Kind.INDEX:
                yield Step(Phase.UNBIND, key, f"DROP INDEX IF EXISTS {key.name}")
            case Kind.CONSTRAINT:
                yield Step(Phase.UNBIND, key, f"ALTER TABLE {key.of} DROP CONSTRAINT IF EXISTS {key.name}")
            case _:
                yield Step(Phase.UNGUARD, key, f"DROP {key.kind.upper()} {key.name} ON {key.of}")
    if about.wanted is not None:
        yield _added(key, about.wanted)


def _added(key: Key, definition: str) -> Step:
    match key.kind:
        case Kind.INDEX:
            return Step(Phase.INDEX, key, definition.replace(" ON public.", " ON ", 1))
        case Kind.TRIGGER:
            return Step(Phase.GUARD, key, definition.replace(" ON public.", " ON ", 1))
        case Kind.CONSTRAINT:
            phase = Phase.REFER if _refers(definition) else Phase.BIND
            return Step(phase, key, f"ALTER TABLE {key.of} ADD CONSTRAINT {key.name} {definition}")
        case _:
            return Step(Phase.GUARD, key, f"CREATE POLICY {key.name} ON {key.of} {definition}")


def _refers(definition: str) -> bool:
    return definition.startswith("FOREIGN KEY")


def tables_of(made: Sequence[Step]) -> list[str]:
    """The tables that statements are about, each once."""
    return list(dict.fromkeys(step.key.of for step in made if not step.key.of.endswith(")")))
