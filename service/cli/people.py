"""Who the development server offers tokens for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.auth.issuer import DevelopmentIssuer
    from service.catalog.model import Catalog

MOST_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token."""

    label: str
    """What a reader chooses them by: `Admin (alice, Acme)`."""
    sub: str
    username: str
    groups: tuple[str, ...] = ()
    organization: str | None = None

    def token(self, issuer: DevelopmentIssuer) -> str:
        """An access token, as the Amplify client would send it."""
        return issuer.issue(self.sub, self.username, self.groups, organization=self.organization)


def people_of_inventory() -> Sequence[Person]:
    """An Admin, a Manager and a Viewer of one company of the demo data, and the Admin of another."""
    from service.demo import demo_callers  # noqa: PLC0415  only where they are offered

    return [
        Person(each.label, each.sub, each.username, each.groups, each.organization) for each in demo_callers().everyone
    ]


def people_of(catalog: Catalog) -> Sequence[Person]:
    """Somebody in each of the groups that the rules name, the first three, and somebody in none.

    Where organizations are kept apart they are all of one, the one that the development API key is bound to.
    """
    from service.catalog.access import static_groups  # noqa: PLC0415  as above
    from service.demo import demo_callers  # noqa: PLC0415  as above

    groups = sorted(name for claim, name in static_groups(catalog) if claim == "cognito:groups")[:MOST_GROUPS]
    organization = demo_callers().admin.organization if catalog.is_enforced else None
    members = [
        Person(f"{name} (dev-{name.lower()})", f"dev-sub-{name}", f"dev-{name.lower()}", (name,), organization)
        for name in groups
    ]
    return [*members, Person("no group (dev-user)", "dev-sub-user", "dev-user", organization=organization)]
