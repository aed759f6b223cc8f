"""How the names, types, defaults and rules of a catalog are spelled in model source."""

from __future__ import annotations

from collections.abc import Iterable

from service.catalog.columns import camel_case, snake_case
from service.catalog.model import EVERYTHING, READ, Access, Allow, Catalog, Field, Model, Provider, Rule, TypeRef
from service.catalog.words import CLASSES, ENUM_MEMBERS, MODEL_ATTRIBUTES, VALUE_ATTRIBUTES, safe_name
from service.importer.layout import names, text

PYTHON_TYPES = {
    "String": "str",
    "Int": "int",
    "Float": "float",
    "Boolean": "bool",
    "ID": "ID",
    "AWSDate": "Date",
    "AWSDateTime": "DateTime",
    "AWSEmail": "Email",
    "AWSIPAddress": "IPAddress",
    "AWSJSON": "JSON",
    "AWSPhone": "Phone",
    "AWSTime": "Time",
    "AWSTimestamp": "Timestamp",
    "AWSURL": "URL",
}
"""Scalar → what a model file calls it."""


def class_name(name: str) -> str:
    """A type of the API as a class."""
    return safe_name(name, CLASSES)


def attributes(model: Model) -> dict[str, str]:
    """API name → attribute, for everything that the SDL shows of a model.

    A field's attribute is its column, so only relations can clash; they get out of the way.
    """
    columns = {each.name: _attribute(each.column) for each in model.fields}
    spelled = dict(columns)
    for name in model.order:
        if name not in spelled:
            attribute = safe_name(snake_case(name), MODEL_ATTRIBUTES)
            count = 1
            while attribute in spelled.values():
                count += 1
                attribute = f"{snake_case(name)}_{count}"
            spelled[name] = attribute
    return spelled


def _attribute(column: str) -> str:
    return safe_name(column, MODEL_ATTRIBUTES)


def api_argument(name: str, attribute: str) -> list[str]:
    """`api="…"` where the attribute does not say what the API calls it."""
    implied = camel_case(attribute.removesuffix("_"))
    return [] if implied == name else [f"api={text(name)}"]


def annotation(type_: TypeRef) -> str:
    """A type as an annotation: `[String!]` is `list[str] | None`."""
    name = PYTHON_TYPES.get(type_.name) or class_name(type_.name)
    inner = f"list[{name}{'' if type_.element_required else ' | None'}]" if type_.is_list else name
    return inner if type_.required else f"{inner} | None"


def default(field: Field, catalog: Catalog) -> str:
    """A default as Python spells it, if that comes back as the same text; else as text."""
    value = field.default or ""
    enum = catalog.enum_by_name.get(field.type.name)
    if enum and value in enum.values:
        return f"{class_name(enum.name)}.{enum_member(value)}"
    if field.type.name == "Boolean" and value in {"true", "false"}:
        return value.capitalize()
    if field.type.name in {"Int", "AWSTimestamp"} and value.lstrip("-").isdigit() and str(int(value)) == value:
        return value
    return text(value)


def enum_member(value: str) -> str:
    """A value of an enum as a member; underscores in front would mean something to Python, and go to the end."""
    name = value.lstrip("_")
    member = safe_name(name if name.isidentifier() else f"value{name}", ENUM_MEMBERS)
    return member + "_" * (len(value) - len(name))


def value_attribute(name: str, taken: Iterable[str]) -> str:
    """A value of a structure, an input or an argument as an attribute."""
    first = safe_name(snake_case(name), VALUE_ATTRIBUTES)
    attribute, count = first, 1
    while attribute in set(taken):
        count += 1
        attribute = f"{first.removesuffix('_')}_{count}"
    return attribute


def rule(given: Rule, spelled: dict[str, str]) -> str:
    """A rule as a call of `allow`; `spelled` is API name → attribute of the model."""
    arguments: list[str] = []
    via_default = Provider.USER_POOLS
    match given.allow:
        case Allow.OWNER:
            function = "owner"
            owner = spelled.get(given.owner_field or "", given.owner_field or "")
            arguments += [text(owner)] if owner != "owner" else []
        case Allow.GROUPS if given.groups_field:
            function = "groups_in"
            arguments.append(text(spelled.get(given.groups_field, given.groups_field)))
        case Allow.GROUPS:
            function = "groups"
            arguments += [text(each) for each in given.groups]
        case Allow.PRIVATE:
            function = "signed_in"
        case Allow.PUBLIC:
            function, via_default = "guests", Provider.IAM
            if given.provider is Provider.API_KEY:
                function, via_default = "api_key", Provider.API_KEY
        case Allow.CUSTOM:
            function, via_default = "custom", Provider.FUNCTION
    arguments += _to(given.access)
    claim, usual = _claim(given)
    arguments += [f"claim={text(claim)}"] if claim != usual else []
    arguments += [f"via={text(given.provider)}"] if given.provider is not via_default else []
    return f"allow.{function}({', '.join(arguments)})"


def _claim(given: Rule) -> tuple[str, str]:
    """The claim that a rule reads and the usual one for its kind."""
    match given.allow:
        case Allow.OWNER:
            return given.identity_claim, "sub::username"
        case Allow.GROUPS:
            return given.group_claim, "cognito:groups"
        case _:
            return "", ""


def _to(access: frozenset[Access]) -> list[str]:
    if access == EVERYTHING:
        return []
    deeds: list[str] = ["read"] if access >= READ else []
    deeds += [each.value for each in Access if each in access and not (deeds[:1] == ["read"] and each in READ)]
    return [f"to={names(deeds)}"] if deeds else ["to=()"]
