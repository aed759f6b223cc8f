"""The catalog → model source, the reverse of `service.db.vocabulary.derive`: what is read back is the same catalog."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from itertools import groupby

from service.catalog.model import Catalog, Field, Model
from service.catalog.scalars import SCALARS
from service.catalog.words import VOCABULARY
from service.importer.layout import docstring, import_from, sequence, text
from service.importer.render_classes import enum_source, input_source, operation_source, structure_source
from service.importer.render_model import ModelSource
from service.importer.spelling import class_name

PACKAGE = "service.db.models"


def render_models(catalog: Catalog, package: str = PACKAGE) -> dict[str, str]:
    """File name → source, for a package that holds the models of a catalog."""
    modules = list(dict.fromkeys(model.module for model in catalog.models))
    homes = {class_name(model.name): model.module for model in catalog.models}
    homes |= {class_name(name): "types" for name in (*catalog.enum_by_name, *catalog.object_by_name)}
    files = {"__init__.py": _package(catalog, modules)}
    for module in modules:
        models = [model for model in catalog.models if model.module == module]
        blocks = [ModelSource(model, catalog).lines() for model in models]
        files[f"{module}.py"] = _module(_heading(module, models), blocks, homes, module, package)
    files["types.py"] = _module(
        "Enums, and the structures that models embed and operations return.",
        [
            *(enum_source(each) for each in catalog.enums),
            *(structure_source(each) for each in catalog.objects),
        ],
        homes,
        "types",
        package,
    )
    taken = set(homes) | {class_name(each.name) for each in catalog.inputs}
    files["operations.py"] = _module(
        "Custom operations: the root fields that no model brings, and their inputs.",
        [
            *_generated_types(catalog),
            *(input_source(each) for each in catalog.inputs),
            *(operation_source(each, taken) for each in catalog.operations),
        ],
        homes,
        "operations",
        package,
    )
    return files


def _generated_types(catalog: Catalog) -> list[list[str]]:
    """A line for each type that a model generates and a custom operation names."""
    known = {*SCALARS, *catalog.enum_by_name, *catalog.object_by_name, *catalog.model_by_name}
    known |= {each.name for each in catalog.inputs}
    holders: list[tuple[Field, ...]] = [
        *(each.fields for each in catalog.inputs),
        *(each.fields for each in catalog.objects),
        *(each.arguments for each in catalog.operations),
    ]
    fields = [field for holder in holders for field in holder]
    named = {*(each.type.name for each in fields), *(each.type.name for each in catalog.operations)}
    lines = [
        f"{class_name(name)}: TypeAlias = Annotated[Any, TypeName({text(name)})]" for name in sorted(named - known)
    ]
    return [lines] if lines else []


def _heading(module: str, models: Sequence[Model]) -> str:
    names = [model.name for model in models]
    title = module.strip("_").replace("_", " ").capitalize()
    if len(names) == 1:
        return f"{title}: the model {names[0]}."
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return (
        f"{title}: {listed}." if len(listed) < 90 else f"{title}: {len(names)} models, from {names[0]} to {names[-1]}."
    )


def _package(catalog: Catalog, modules: Sequence[str]) -> str:
    provider = catalog.default_provider.name
    lines = [
        '"""The models of the API, and what else it is made of.',
        "",
        "Importing this package imports none of its modules; what needs them goes by `MODULES`.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from service.catalog.model import Provider",
        "",
        *sequence("MODULES = ", [text(each) for each in modules], indent=0, compact=True),
        '"""The modules that hold models, in the order of the API."""',
        "",
        f"DEFAULT_PROVIDER = Provider.{provider}",
        '"""How callers prove who they are where nothing says otherwise."""',
    ]
    return "\n".join(lines) + "\n"


def _module(heading: str, blocks: Sequence[list[str]], homes: dict[str, str], module: str, package: str) -> str:
    """A module with its imports: what the classes need when they are made, and what only a type checker needs."""
    # One blank line before an alias, two before a class.
    body = [line for block in blocks for line in (*([] if "TypeAlias" in block[0] else [""]), "", *block)]
    used = _names_used("\n".join(body))
    foreign = {name: home for name, home in homes.items() if name in used and home != module}
    # A custom operation needs the classes it returns; models and structures only speak of each other.
    needed = {name: home for name, home in foreign.items() if home == "types" or module == "operations"}
    spoken_of = {name: home for name, home in foreign.items() if name not in needed}
    lines = [*docstring(heading), "from __future__ import annotations", ""]
    standard = [
        *(["from enum import StrEnum"] if "StrEnum" in used else []),
        *import_from(
            "typing", [*(["TYPE_CHECKING"] if spoken_of else []), *(used & {"Annotated", "Any", "TypeAlias"})]
        ),
    ]
    lines += [*standard, ""] if standard else []
    imports = [*_imports(needed, package), *import_from("service.db.vocabulary", sorted(used & VOCABULARY))]
    lines += [*imports, ""] if imports else []
    if spoken_of:
        lines += ["if TYPE_CHECKING:", *_imports(spoken_of, package, indent=4), ""]
    lines = lines[:-1] if lines[-1] == "" else lines
    return "\n".join([*lines, *body]).rstrip("\n") + "\n"


def _imports(names: dict[str, str], package: str, *, indent: int = 0) -> list[str]:
    homes = sorted(names.items(), key=lambda each: (each[1], each[0]))
    return [
        line
        for home, group in groupby(homes, key=lambda each: each[1])
        for line in import_from(f"{package}.{home}", [name for name, _ in group], indent=indent)
    ]


def _names_used(source: str) -> set[str]:
    """The names that some source reads, in annotations too."""
    loads: Iterable[ast.AST] = ast.walk(ast.parse(source))
    return {each.id for each in loads if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
