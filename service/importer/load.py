"""Paths → an imported schema: finds the files of an Amplify project and the settings that lie beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import Source

from service.catalog.model import Catalog, Provider, Rule
from service.importer.flags import Flags
from service.importer.read import read
from service.importer.refusal import ImportRefused, Notice
from service.importer.resolve import resolve

MODES = {
    "AMAZON_COGNITO_USER_POOLS": Provider.USER_POOLS,
    "API_KEY": Provider.API_KEY,
    "AWS_IAM": Provider.IAM,
    "OPENID_CONNECT": Provider.OIDC,
    "AWS_LAMBDA": Provider.FUNCTION,
}
"""What Amplify's files call an authorization mode."""


@dataclass(frozen=True)
class Imported:
    """A schema as it was found."""

    catalog: Catalog
    files: tuple[Path, ...]
    """The files that were read, in order."""
    notices: tuple[Notice, ...]
    """What a person should know, as it was noticed."""

    @property
    def needs_person(self) -> tuple[Notice, ...]:
        """What will not behave as before until somebody does something."""
        return tuple(each for each in self.notices if each.needs_person)


@dataclass(frozen=True, slots=True)
class _Settings:
    """What an Amplify project says of an API outside its schema."""

    provider: Provider | None = None
    flags: Flags = field(default_factory=Flags)
    notices: tuple[Notice, ...] = ()


def load_schema(*paths: Path | str, default_provider: Provider | None = None) -> Imported:
    """Imports a schema: its files, a folder of them, an API's folder, an `amplify/` folder, or a project.

    The default authorization mode is the given one, else what the project's files say, else what the
    rules suggest. Errors: `ImportRefused`, also if a folder holds several APIs.
    """
    files = tuple(file for path in paths for file in _schema_files(Path(path)))
    settings = _settings_beside(files[0])
    if settings.flags.transformer == 1:
        raise ImportRefused(
            f"the project of {files[0]} uses Amplify's GraphQL transformer v1, which is not supported yet.",
            "Migrate it with `amplify migrate api` first.",
        )
    sources = [Source(_text(file), str(file)) for file in files]
    provider = default_provider or settings.provider
    document = read(sources)
    catalog = resolve(document, provider or Provider.USER_POOLS, settings.flags)
    notices = [*settings.notices]
    if provider is None and _providers(catalog) and Provider.USER_POOLS not in _providers(catalog):
        provider = next(each for each in Provider if each in _providers(catalog))
        document = read(sources)
        catalog = resolve(document, provider, settings.flags)
    if default_provider is None and settings.provider is None:
        notices.append(
            Notice(f"the default authorization mode is taken to be {catalog.default_provider}, as the rules suggest.")
        )
    return Imported(catalog, files, (*notices, *document.notices))


def _providers(catalog: Catalog) -> set[Provider]:
    rules: list[Rule] = [rule for model in catalog.models for rule in model.rules]
    return {rule.provider for rule in rules}


def _schema_files(path: Path) -> list[Path]:
    if path.suffix in {".ts", ".js", ".json"}:
        raise ImportRefused(
            f"{path} is not a GraphQL schema. Amplify Gen 2 projects are not supported yet.",
            "Give the schema.graphql of a Gen 1 project.",
        )
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ImportRefused(f"{path} does not exist.", "Give a schema.graphql, or an amplify/ folder.")
    apis = _apis(path)
    if len(apis) > 1:
        listed = ", ".join(str(each) for each in apis)
        raise ImportRefused(f"{path} holds several APIs: {listed}.", "Give the path of the one you mean.")
    if apis and not _is_gen2(apis[0]):
        return _files_of(apis[0])
    if apis:
        raise ImportRefused(
            f"{apis[0]} is an Amplify Gen 2 project, which is not supported yet.",
            "Give the schema.graphql of a Gen 1 project.",
        )
    raise ImportRefused(f"{path} holds no GraphQL schema.", "Give a schema.graphql, or an amplify/ folder.")


def _apis(folder: Path) -> list[Path]:
    """The APIs of a folder: of the project it holds, of the `amplify/` folder it is, or the one it is itself."""
    root = folder / "amplify" if (folder / "amplify").is_dir() else folder
    found = sorted(each for each in root.glob("backend/api/*") if _files_of(each))
    if (root / "data" / "resource.ts").is_file():
        found.append(root / "data")
    return found or ([folder] if _files_of(folder) or _is_gen2(folder) else [])


def _is_gen2(folder: Path) -> bool:
    return (folder / "resource.ts").is_file()


def _files_of(folder: Path) -> list[Path]:
    """One `schema.graphql`, else the files of `schema/`, else the `.graphql` files of the folder itself."""
    if (folder / "schema.graphql").is_file():
        return [folder / "schema.graphql"]
    return sorted((folder / "schema").rglob("*.graphql")) or sorted(folder.glob("*.graphql"))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        raise ImportRefused(f"{file} {reason}.", "Give a schema.graphql.") from None


def _settings_beside(file: Path) -> _Settings:
    """The settings in `cli-inputs.json`, `backend-config.json` and `cli.json`, if the file lies in a project."""
    folder = file.resolve().parent
    api = folder.parent if folder.name == "schema" else folder
    amplify = next((each for each in api.parents if each.name == "amplify"), None)
    inputs = _json(api / "cli-inputs.json").get("serviceConfiguration", {})
    mode = inputs.get("defaultAuthType", {}).get("mode")
    notices = []
    if inputs.get("conflictResolution") or _json(api / "transform.conf.json").get("ResolverConfig"):
        text = f"{api.name} uses conflict resolution (DataStore): _version, _deleted and sync queries are left out."
        notices.append(Notice(text, needs_person=True))
    if amplify is None:
        return _Settings(MODES.get(mode), notices=tuple(notices))
    config = _json(amplify / "backend" / "backend-config.json").get("api", {}).get(api.name, {}).get("output", {})
    mode = mode or config.get("authConfig", {}).get("defaultAuthentication", {}).get("authenticationType")
    return _Settings(MODES.get(mode), Flags.from_cli_json(_json(amplify / "cli.json")), tuple(notices))


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        content = json.loads(_text(file))
    except ValueError:
        raise ImportRefused(f"{file} is not valid JSON.", "Correct it, or remove it to import without it.") from None
    return content if isinstance(content, dict) else {}
