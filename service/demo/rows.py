"""The rows of all demo companies."""

from __future__ import annotations

from collections import defaultdict

from service.demo import goods, staff, trade
from service.demo.companies import COMPANIES
from service.demo.maker import Maker, Rows


def demo_rows() -> Rows:
    """All rows, the same each time."""
    rows: Rows = defaultdict(list)
    for company in COMPANIES:
        maker = Maker(company, rows)
        staff.organization(maker)
        staff.users_and_roles(maker)
        goods.categories(maker)
        goods.suppliers(maker)
        for number in range(company.products):
            goods.product(maker, number)
        goods.warehouses(maker)
        for number in range(company.orders):
            trade.order(maker, number)
        trade.audit_logs(maker)
    return dict(rows)
