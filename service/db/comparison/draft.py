"""A new revision from what differs between the models and the tables that the revisions make.

It has the form of those before it: what takes long on tables with rows in steps that nobody waits for (`live.py`), the
rest at once, and the way back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.db.comparison.differences import differences
from service.db.comparison.reference import structure_of_models, throwaway_server
from service.db.comparison.statements import Phase, Step, steps, tables_of
from service.db.comparison.structure import Kind, Structure, structure_of
from service.db.migrations.history import next_number, scripts
from service.db.migrations.upgrade import downgrade, upgrade
from service.errors import CommandError

ROLE = '"SET LOCAL ROLE app_owner"'
LIVE = {Phase.COLUMNS, Phase.REQUIRE, Phase.INDEX, Phase.BIND, Phase.REFER}
"""What can be done to a table in use, if it is none that is new."""
FILL = "UPDATE {of} SET {name} = … WHERE ctid IN (SELECT ctid FROM {of} WHERE {name} IS NULL LIMIT {{batch}})"
WIDTH = 120


@dataclass(frozen=True, slots=True)
class Draft:
    """A revision that has been written, and tried on a database without rows."""

    revision: str
    path: Path
    follows: str
    remaining: tuple[str, ...]
    """In what it fails, a line each; empty if it leads to the models and back."""


def write_revision(message: str) -> Draft | None:
    """Write a revision from what differs; None, and no file, if nothing does. It blocks for some seconds.

    Errors: `CommandError` if there is no checkout to write to; `EmbeddedError` without the embedded server's programs.
    """
    folder = scripts()
    if not (Path(folder.dir) / "script.py.mako").exists():
        raise CommandError("Revisions are written in a checkout; this is a package.", hint="git clone, then make setup")
    number, newest = next_number(folder), folder.get_current_head() or "base"
    wanted = structure_of_models()
    with throwaway_server() as url:
        upgrade(url, "heads")
        found = asyncio.run(structure_of(url))
        if not differences(found, wanted):
            return None
        text = _rendered(found, wanted)
        written = folder.generate_revision(number, message.strip().rstrip("."), **text)
        assert written is not None  # Alembic has just read it again
        path = Path(written.path)
        remaining = tuple(_tried(url, number, newest, found, wanted))
    if remaining:
        _note(path, remaining)
    return Draft(number, path, newest, remaining)


def _tried(url: str, revision: str, before: str, found: Structure, wanted: Structure) -> Iterator[str]:
    """What a revision fails to do on the way up and down."""
    try:
        upgrade(url, revision)
        yield from map(str, differences(asyncio.run(structure_of(url)), wanted))
        downgrade(url, before)
        yield from (f"undone: {each}" for each in differences(asyncio.run(structure_of(url)), found))
    except Exception as error:  # noqa: BLE001  whatever it is, the file is there to be corrected
        yield " ".join(str(error).split())


def _note(path: Path, remaining: Sequence[str]) -> None:
    lines = "".join(f"#   {each}\n" for each in remaining)
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n# Tried on a database without rows, this does not do yet:\n{lines}", encoding="utf-8")


def _rendered(found: Structure, wanted: Structure) -> dict[str, Any]:
    """The variables of `script.py.mako`."""
    up, down = steps(found, wanted), steps(wanted, found)
    gently, at_once = _parted(up, {key.of for key in found if key.kind is Kind.TABLE})
    changed, undone = _at_once("CHANGED", at_once, found), _at_once("UNDONE", down, wanted)
    upgrades = [*_advice(up), *_gently(gently), *changed]
    body = "\n".join(upgrades + undone)
    names = [name for name in ("live", "lock_tables", "run_at_once") if f"{name}(" in body]
    constants = [_constant(name, made) for name, made in (("CHANGED", at_once), ("UNDONE", down)) if made]
    return {
        "names": ", ".join(names),
        "upgrades": "\n    ".join(upgrades),
        "downgrades": "\n    ".join([*_lost(down), *undone]),
        "statements": "\n\n".join(constants),
    }


def _parted(up: Sequence[Step], existing: set[str]) -> tuple[list[Step], list[Step]]:
    """The steps that clients need not wait for, and the others."""
    gently = {step for step in up if step.phase in LIVE and step.key.of in existing and _can_wait(step, existing)}
    replaced = {step.key for step in gently}
    gently |= {step for step in up if step.phase is Phase.UNBIND and step.key in replaced}
    return [step for step in up if step in gently], [step for step in up if step not in gently]


def _can_wait(step: Step, existing: set[str]) -> bool:
    if step.key.kind is not Kind.CONSTRAINT:
        return True
    definition = _definition(step)
    if definition.startswith("FOREIGN KEY"):
        return definition.partition(" REFERENCES ")[2].partition("(")[0] in existing
    return definition.startswith(("CHECK", "UNIQUE ("))


def _definition(step: Step) -> str:
    return step.sql.partition(f" ADD CONSTRAINT {step.key.name} ")[2]


def _gently(made: Sequence[Step]) -> Iterator[str]:
    if not made:
        return
    yield f"with live({', '.join(map(_string, tables_of(made)))}) as steps:"
    for step in made:
        yield from (f"    {line}" for line in _gentle(step))


def _gentle(step: Step) -> Iterator[str]:
    of, name = map(_string, (step.key.of, step.key.name))
    match step.phase:
        case Phase.REQUIRE:
            yield f"# Rows without {step.key.name} are refused. If there are any, steps.fill them before, such as by"
            yield f"# {FILL.format(of=step.key.of, name=step.key.name)}"
            yield from _call("steps.require", of, f"[{name}]")
        case Phase.INDEX:
            yield from _call("steps.index", _string(step.sql))
        case Phase.BIND | Phase.REFER:
            definition = _definition(step)
            if definition.startswith("UNIQUE ("):
                yield from _call("steps.unique", of, name, _string(definition[len("UNIQUE (") : -1]))
                return
            yield from (
                "steps.constrain(",
                f"    {of},",
                "    {",
                f"        {name}: {_string(definition)},",
                "    },",
                ")",
            )
        case _:
            yield from _call("steps.run", _string(step.sql))


def _at_once(constant: str, made: Sequence[Step], before: Structure) -> list[str]:
    """The lines that run a constant's statements, with the tables locked that are there."""
    if not made:
        return []
    existing = {key.of for key in before if key.kind is Kind.TABLE}
    locked = [_string(table) for table in tables_of(made) if table in existing]
    lines = _call("lock_tables", *locked) if locked else ()
    return [*lines, f'run_at_once({ROLE}, *{constant}, "RESET ROLE")']


def _advice(up: Sequence[Step]) -> Iterator[str]:
    """What a person has to look at, as comments."""
    dropped = [step for step in up if step.phase is Phase.DROP]
    if dropped:
        yield "# Data goes with what is dropped, and older code that still serves may need it: better a later revision."
    tables = {step.key.of for step in dropped if step.key.kind is Kind.COLUMN}
    for table in sorted({step.key.of for step in up if step.phase is Phase.COLUMNS and " ADD COLUMN " in step.sql}):
        if table in tables:
            yield f"# Was a column renamed? Then, instead of two statements: ALTER TABLE {table} RENAME COLUMN … TO …"
    for step in up:
        if step.phase is Phase.RETYPE:
            yield f"# Clients wait while PostgreSQL writes every row of {step.key.of} anew for another type."


def _lost(down: Sequence[Step]) -> Iterator[str]:
    for step in down:
        if step.phase is Phase.REQUIRE:
            yield f"# Refused if {step.key.of} has rows without {step.key.name}."


def _call(function: str, *arguments: str) -> list[str]:
    """A call, as a formatter leaves it."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) + 8 <= WIDTH:
        return [line]
    return [f"{function}(", *(f"    {each}," for each in arguments), ")"]


def _constant(name: str, made: Sequence[Step]) -> str:
    return "\n".join([f"{name} = (", *(f"    {_string(step.sql)}," for step in made), ")"])


def _string(text: str) -> str:
    """A text as Python source, in the quotation marks that a formatter leaves alone."""
    if "\\" in text or '"""' in text:
        return repr(text)
    if "\n" not in text and '"' not in text:
        return f'"{text}"'
    return f'"""{text} """' if text.endswith('"') else f'"""{text}"""'
