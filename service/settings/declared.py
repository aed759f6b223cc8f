"""How a setting is declared: one field of a dataclass, with all that is known about it beside its default."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field
from typing import Any

from service.settings import forms

PREFIX = "OFFRAMP_"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one setting beside its value."""

    doc: str
    parse: forms.Parse
    form: str
    """What a value looks like, for a person: `whole number, 1 to 75`."""
    variable: str | None = None
    """The environment variable, where it is not the prefix and the field's name."""
    secret: bool = False


def setting(
    doc: str,
    parse: forms.Parse = forms.as_it_is,
    form: str = "text",
    *,
    default: Any = MISSING,
    variable: str | None = None,
    secret: bool = False,
) -> Any:
    """A field of `Settings`; without a default it is required."""
    return field(default=default, metadata={"setting": Setting(doc, parse, form, variable, secret)})


def number(doc: str, default: int, least: int, most: int) -> Any:
    """A field that is a whole number."""
    return setting(doc, forms.whole(least, most), f"whole number, {least} to {most}", default=default)


def switch(doc: str, *, default: bool) -> Any:
    """A field that is yes or no."""
    return setting(doc, forms.flag, "`true` or `false`", default=default)


def setting_of(each: Field[Any]) -> Setting:
    """What is known about a field of `Settings`."""
    known: Setting = each.metadata["setting"]
    return known


def variable_of(each: Field[Any]) -> str:
    """The environment variable of a field of `Settings`."""
    return setting_of(each).variable or PREFIX + each.name.upper()
