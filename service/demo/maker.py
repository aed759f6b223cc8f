"""What the makers of demo rows share: the company, its dice, and how a row is added.

**Shape** of `Rows`: model name → rows; a row is field name → value, as `load.py` takes them. No value
depends on the clock, on the machine, or on what was made for another company.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from service.demo.companies import Company, Place
from service.demo.people import demo_id, people_at

Row = dict[str, Any]
Rows = dict[str, list[Row]]

SEED = 20261122
TODAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""The day the demo data was made; it grows old like any other data."""


class Maker:
    """One company, and what has been made for it so far."""

    def __init__(self, company: Company, rows: Rows) -> None:
        self.company = company
        self.rows = rows
        self.random = Random(f"{SEED} {company.slug}")  # noqa: S311  the same each time, on purpose
        self.organization_id = demo_id(company.slug)
        self.people = people_at(company)
        self.suppliers = [self.id("supplier", name) for name in company.suppliers]
        self.warehouses = [self.id("warehouse", place.city) for place in company.places]
        self.ends: list[tuple[str, str]] = []
        """The categories without children: id, and what one product of it is called."""
        self.products: list[tuple[str, float]] = []
        """Id and price of what is still sold."""

    @property
    def domain(self) -> str:
        """Where it is on the web; no such name can be registered."""
        return f"{self.company.slug}.example"

    def id(self, *parts: object) -> str:
        """The id of one of its things."""
        return demo_id(self.company.slug, *parts)

    def add(self, model: str, created: datetime, **values: Any) -> None:
        """Add a row of the company, last changed some days after it was made."""
        changed = min(created + timedelta(hours=self.random.randrange(1, 900)), TODAY)
        names = ("createdOn", "updatedOn") if model == "PurchaseOrderItem" else ("createdAt", "updatedAt")
        owned = {} if model == "Organization" else {"organizationId": self.organization_id}
        self.rows[model].append(values | owned | dict(zip(names, (created, changed), strict=True)))

    def before(self, days: int) -> datetime:
        """A moment in so many days before today, in office hours."""
        back = timedelta(days=self.random.randrange(days), minutes=self.random.randrange(480))
        return TODAY - back + timedelta(milliseconds=self.random.randrange(1000))

    def chance(self, share: float) -> bool:
        """Whether something is so that is so in this share of cases."""
        return self.random.random() < share

    def phone(self) -> str:
        """One of its telephone numbers."""
        return f"{self.company.dial}{self.random.randrange(1000, 9999)}".replace(" ", "")


def address_of(place: Place, line2: str | None = None) -> Row:
    """An `Address`, as an embedded value."""
    return {
        "line1": place.line1,
        "line2": line2,
        "city": place.city,
        "region": place.region,
        "postalCode": place.postal_code,
        "country": place.country,
        "location": {"lat": place.lat, "lon": place.lon},
    }
