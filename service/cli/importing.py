"""`offramp import`: an Amplify schema becomes model source, and a report of what needs a person."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.cli.counted import counted
from service.errors import CommandError

if TYPE_CHECKING:
    from service.catalog.model import Catalog
    from service.importer import Imported, Notice

DESCRIPTION = """\
Read an Amplify Gen 1 schema (transformer v2) and say what it holds, what of it needs a person, and, with
--into, write it as Python model classes that are yours from then on. A file that differs from what would
be written is yours already: it is left alone, and the difference is shown.
"""
EPILOG = """\
PATH is a schema.graphql, several files of one schema, a folder of them, an amplify/ folder, or a project.
Beside a schema in a project, cli-inputs.json and cli.json are read for the default authorization mode and
the feature flags that change names.

examples:
  offramp import amplify/                                      what is in it?
  offramp import amplify/ --into service/db/models             write the models
  offramp import graphql/amplify.graphql --into service/db/models --check
                                                               do the models still say what the schema says?
then:
  offramp contract export                                      write the published contracts anew

exit status: 0 done; 1 something needs a person, or files differ; 2 the schema cannot be imported.
"""
MODES = ("userPools", "apiKey", "iam", "oidc", "function")


class Refused(CommandError):
    """The schema cannot be imported."""

    status = 2


@dataclass(frozen=True)
class Outcome:
    """What became of the files."""

    written: tuple[Path, ...] = ()
    differences: tuple[tuple[Path, str], ...] = ()
    """Files that were left alone, and how they differ from what the schema says."""
    is_check: bool = False


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "import",
        help="turn an Amplify schema into models",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a schema file, or a folder that holds it")
    parser.add_argument("--into", type=Path, metavar="DIR", help="write the models there, as service/db/models")
    parser.add_argument("--check", action="store_true", help="with --into: write nothing, compare only")
    parser.add_argument("--force", action="store_true", help="with --into: overwrite files that differ")
    parser.add_argument("--default-mode", choices=MODES, help="the API's default authorization mode, if not found")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import, write or compare, and report."""
    from service.catalog.model import Provider  # noqa: PLC0415  `offramp --help` needs no GraphQL parser
    from service.importer import ImportRefused, load_schema  # noqa: PLC0415

    if arguments.into is None and (arguments.check or arguments.force):
        raise Refused("--check and --force say what to do with files.", hint="Name their folder with --into.")
    mode = Provider(arguments.default_mode) if arguments.default_mode else None
    try:
        imported = load_schema(*arguments.paths, default_provider=mode)
    except ImportRefused as error:
        where = f"{error.place}: " if error.place else ""
        raise Refused(f"{where}{error.what}", hint=error.todo or None) from error
    outcome = Outcome()
    if arguments.into is not None:
        outcome = _put(imported.catalog, arguments.into, check=arguments.check, force=arguments.force)
    print(json.dumps(_as_json(imported, outcome), indent=2) if arguments.json else _as_text(imported, outcome))
    return 1 if imported.needs_person or outcome.differences else 0


def _put(catalog: Catalog, folder: Path, *, check: bool, force: bool) -> Outcome:
    """Writes what is new; what differs is written only by force."""
    from service.importer.render import render_models  # noqa: PLC0415  a report needs no source

    files = {folder / name: source for name, source in render_models(catalog).items()}
    texts = {path: _read(path) for path in files}
    different = [path for path, text in texts.items() if text is not None and text != files[path]]
    missing = [path for path, text in texts.items() if text is None]
    differences = [(path, _difference(path, texts[path] or "", files[path])) for path in different]
    if check:
        differences += [(path, _difference(path, "", files[path])) for path in missing]
        return Outcome(differences=tuple(differences), is_check=True)
    written = [*missing, *(different if force else ())]
    folder.mkdir(parents=True, exist_ok=True)
    for path in written:
        path.write_text(files[path], encoding="utf-8")
    return Outcome(tuple(written), () if force else tuple(differences))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read: {error}", hint="Choose another folder with --into.") from error


def _difference(path: Path, ours: str, theirs: str) -> str:
    return "\n".join(unified_diff(ours.splitlines(), theirs.splitlines(), str(path), "the schema", lineterm=""))


def _as_text(imported: Imported, outcome: Outcome) -> str:
    catalog = imported.catalog
    sections = [
        f"read {', '.join(str(each) for each in imported.files)}; default mode {catalog.default_provider}",
        _table(catalog),
        _rest(catalog),
        _noted("needs a person", imported.needs_person),
        _noted("worth knowing", [each for each in imported.notices if not each.needs_person]),
        *(difference for _, difference in outcome.differences),
        _fate(outcome),
    ]
    return "\n\n".join(each for each in sections if each)


def _table(catalog: Catalog) -> str:
    rows: list[Sequence[object]] = [("model", "module", "key", "fields", "relations", "indexes", "rules")]
    for model in catalog.models:
        counts = (len(model.fields), len(model.relations), len(model.indexes), len(model.rules))
        rows.append((model.name, model.module, ", ".join(model.key), *counts))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[object], widths: Sequence[int]) -> str:
    cells = [
        f"{each:>{width}}" if isinstance(each, int) else f"{each:<{width}}"
        for each, width in zip(row, widths, strict=True)
    ]
    return "  ".join(cells).rstrip()


def _rest(catalog: Catalog) -> str:
    counts = (
        (len(catalog.models), "model"),
        (sum(len(each.relations) for each in catalog.models), "relation"),
        (len(catalog.enums), "enum"),
        (len(catalog.objects), "other type"),
        (len(catalog.inputs), "input"),
        (len(catalog.operations), "custom operation"),
    )
    lines = [", ".join(counted(*each) for each in counts)]
    lines += [
        f"  {each.root}.{each.name}" + (f" was answered by the function {each.function}" if each.function else "")
        for each in catalog.operations
    ]
    return "\n".join(lines)


def _noted(heading: str, notices: Iterable[Notice]) -> str:
    lines = [f"  {each}" for each in notices]
    return "\n".join([f"{heading}:", *lines]) if lines else ""


def _fate(outcome: Outcome) -> str:
    lines = [f"wrote {path}" for path in outcome.written]
    lines += [f"differs from the schema: {path}" for path, _ in outcome.differences]
    if outcome.differences and not outcome.is_check:
        lines.append("What differs was left as it is. Take over what you want, or use --force.")
    return "\n".join(lines)


def _as_json(imported: Imported, outcome: Outcome) -> dict[str, Any]:
    catalog = imported.catalog
    return {
        "files": [str(each) for each in imported.files],
        "defaultMode": catalog.default_provider,
        "models": [
            {
                "name": each.name,
                "module": each.module,
                "table": each.table,
                "key": each.key,
                "fields": len(each.fields),
                "relations": len(each.relations),
                "indexes": len(each.indexes),
                "rules": len(each.rules),
            }
            for each in catalog.models
        ],
        "enums": [each.name for each in catalog.enums],
        "types": [each.name for each in catalog.objects],
        "inputs": [each.name for each in catalog.inputs],
        "operations": [
            {"root": each.root, "name": each.name, "function": each.function} for each in catalog.operations
        ],
        "notices": [_notice_as_json(each) for each in imported.notices],
        "written": [str(each) for each in outcome.written],
        "differences": [{"file": str(path), "diff": text} for path, text in outcome.differences],
    }


def _notice_as_json(notice: Notice) -> dict[str, Any]:
    place = notice.place
    where = {"file": place.file, "line": place.line, "column": place.column} if place else None
    return {"text": notice.text, "needsPerson": notice.needs_person, "place": where}
