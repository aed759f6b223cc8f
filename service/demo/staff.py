"""A company, its roles and its people."""

from __future__ import annotations

from datetime import date, time

from service.db.organizations import ROLES
from service.demo.maker import Maker, address_of
from service.demo.people import DemoPerson

CURRENCIES = {"NO": "NOK", "US": "USD", "GB": "GBP"}


def organization(maker: Maker) -> None:
    """Add the company itself."""
    company = maker.company
    home = company.places[0]
    maker.add(
        "Organization",
        maker.before(900),
        id=maker.organization_id,
        name=company.name,
        slug=company.slug,
        plan=company.plan,
        website=f"https://www.{maker.domain}",
        contactEmail=f"hello@{maker.domain}",
        phone=maker.phone(),
        address=address_of(home, "Reception, ground floor"),
        tags=[company.plan.lower(), home.country.lower()],
        settings={"currency": CURRENCIES[home.country], "fiscalYearStart": 1},
    )


def users_and_roles(maker: Maker) -> None:
    """Add its roles, and its people in them."""
    for name, role in ROLES.items():
        maker.add(
            "Role",
            maker.before(800),
            id=maker.id("role", name),
            name=name,
            description=role.description,
            permissions=list(role.permissions),
        )
    for person in maker.people:
        user(maker, person)


def user(maker: Maker, person: DemoPerson) -> None:
    """Add somebody, and the role they were given."""
    dice = maker.random
    first, last = person.name.split(" ", 1)
    joined = maker.before(700)
    maker.add(
        "User",
        joined,
        id=person.id,
        owner=person.owner,
        cognitoSub=person.sub,
        email=f"{person.username}@{maker.domain}",
        firstName=first,
        lastName=last,
        phone=maker.phone(),
        status="INVITED" if person.name == maker.company.people[-1] else "ACTIVE",
        birthDate=date(1962 + dice.randrange(40), 1 + dice.randrange(12), 1 + dice.randrange(28)),
        dailyDigestAt=time(6 + dice.randrange(4), 30 * dice.randrange(2)),
        lastLoginAt=int(maker.before(30).timestamp()),
        lastLoginIp=f"203.0.113.{dice.randrange(1, 255)}",
        preferences={"theme": dice.choice(("light", "dark")), "pageSize": dice.choice((25, 50, 100))},
        salary=float(28_000 + 500 * dice.randrange(120)),
    )
    maker.add(
        "UserRole",
        joined,
        id=maker.id("grant", person.name),
        userId=person.id,
        roleId=maker.id("role", person.role),
        grantedAt=joined,
        expiresOn=date(2027, 12, 31) if person.role == "Viewer" else None,
    )
