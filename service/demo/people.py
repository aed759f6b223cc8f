"""The people of the demo companies, and those of them that `offramp dev` gives tokens to."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass

from service.db.organizations import ROLES
from service.demo.companies import HARBOUR, MERIDIAN, Company

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.offramp.example")


def demo_id(*parts: object) -> str:
    """The id of a thing, the same each time: a UUID, as Amplify's are."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who works for one of the companies."""

    company: Company
    name: str
    role: str

    @property
    def organization_id(self) -> str:
        """The id of the company's row."""
        return demo_id(self.company.slug)

    @property
    def id(self) -> str:
        """The id of the person's row."""
        return demo_id(self.company.slug, "user", self.name)

    @property
    def sub(self) -> str:
        """The unchanging id of their sign-in."""
        return demo_id(self.company.slug, "sub", self.name)

    @property
    def username(self) -> str:
        """What they sign in with: `ingrid.solheim`, in plain letters."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode()
        return plain.lower().replace(" ", ".")

    @property
    def owner(self) -> str:
        """What AppSync writes into `owner` when they create something."""
        return f"{self.sub}::{self.username}"


def people_at(company: Company) -> list[DemoPerson]:
    """Everybody at a company: an Admin, two Managers, and Viewers."""
    roles = ("Admin", "Manager", "Manager")
    return [
        DemoPerson(company, name, roles[number] if number < len(roles) else "Viewer")
        for number, name in enumerate(company.people)
    ]


@dataclass(frozen=True, slots=True)
class DemoCaller:
    """Somebody to call the API as: what a token for them has to say."""

    label: str
    sub: str
    username: str
    groups: tuple[str, ...]
    organization: str


@dataclass(frozen=True, slots=True)
class DemoCallers:
    """One of each role at the first company, and the Admin of another."""

    admin: DemoCaller
    manager: DemoCaller
    viewer: DemoCaller
    outsider: DemoCaller

    @property
    def everyone(self) -> tuple[DemoCaller, ...]:
        """All four, in the order in which they are offered."""
        return (self.admin, self.manager, self.viewer, self.outsider)


def demo_callers() -> DemoCallers:
    """Those who are offered tokens, whether the data is loaded or not."""
    at_harbour = people_at(HARBOUR)
    first = {person.role: person for person in reversed(at_harbour)}
    admin, manager, viewer = (_caller(first[role]) for role in ROLES)
    return DemoCallers(admin, manager, viewer, outsider=_caller(people_at(MERIDIAN)[0]))


def _caller(person: DemoPerson) -> DemoCaller:
    first_name = person.name.split(" ", 1)[0]
    label = f"{person.role} ({first_name}, {person.company.name})"
    return DemoCaller(label, person.sub, person.username, (person.role,), person.organization_id)
