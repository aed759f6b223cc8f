"""What a company sells: categories, suppliers, products, and what lies in its warehouses."""

from __future__ import annotations

from collections import defaultdict
from datetime import time

from service.demo.maker import Maker, Row, address_of

COLOURS = ("moss", "slate", "rust", "sand", "ink", "snow")
UNITS = ("EACH", "EACH", "EACH", "KG", "LITRE", "METRE", "BOX")
LOTS = ("2026-A", "2026-B", "2026-C")


def categories(maker: Maker) -> None:
    """Add the tree of its catalogue, and remember where it ends."""
    above: list[str] = []
    count: dict[str, int] = defaultdict(int)
    for line in maker.company.catalogue.strip("\n").splitlines():
        level = (len(line) - len(line.lstrip())) // 2
        name, _, noun = line.strip().partition(": ")
        parent = above[level - 1] if level else None
        key = maker.id("category", parent, name)
        above[level:] = [key]
        maker.add(
            "Category",
            maker.before(600),
            id=key,
            name=name,
            slug=f"{maker.company.slug}-{name.lower().replace(' ', '-')}",
            position=count[parent or ""],
            parentId=parent,
        )
        count[parent or ""] += 1
        if noun:
            maker.ends.append((key, noun))


def suppliers(maker: Maker) -> None:
    """Add those it buys from."""
    for name, key in zip(maker.company.suppliers, maker.suppliers, strict=True):
        slug = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
        maker.add(
            "Supplier",
            maker.before(600),
            id=key,
            name=name,
            email=f"orders@{slug}.example",
            phone=maker.phone(),
            website=f"https://{slug}.example/" if maker.chance(0.8) else None,
            address=address_of(maker.random.choice(maker.company.places)),
            leadTimeDays=maker.random.choice((2, 5, 7, 14, 30, 45)),
        )


def product(maker: Maker, number: int) -> None:
    """Add a product and who supplies it; remember it if it is still sold."""
    key = maker.id("product", number)
    category, noun = maker.ends[number % len(maker.ends)]
    name = f"{maker.random.choice(maker.company.series)} {number // len(maker.ends) + 1} {noun}"
    low, high = maker.company.prices
    price = round(low + (high - low) * maker.random.random() ** 3, 2)
    created, is_active = maker.before(500), maker.chance(0.92)
    if is_active:
        maker.products.append((key, price))
    maker.add(
        "Product",
        created,
        id=key,
        sku=f"{maker.company.slug[:3].upper()}-{number + 1:05}",
        name=name,
        description=None if maker.chance(0.15) else f"{name[0].upper()}{name[1:]}: sold by {maker.company.name}.",
        price=price,
        quantity=maker.random.randrange(400),
        active=is_active,
        unit=maker.random.choice(UNITS),
        tags=sorted({maker.random.choice(maker.company.tags) for _ in range(maker.random.randrange(4))}),
        ratings=[maker.random.randrange(4, 11) / 2 for _ in range(maker.random.randrange(6))],
        photos=[f"https://images.{maker.domain}/{number + 1}-{each}.jpg" for each in range(maker.random.randrange(3))],
        metadata={"colour": maker.random.choice(COLOURS), "warrantyMonths": maker.random.choice((12, 24, 60))},
        releasedOn=created.date(),
        availableFrom=time(8, 30) if maker.chance(0.3) else None,
        syncedAt=int(maker.before(10).timestamp()),
        discontinuedAt=None if is_active else maker.before(60),
        dimensions=dimensions(maker),
        categoryId=None if maker.chance(0.02) else category,
    )
    for place in sorted({maker.random.randrange(len(maker.suppliers)) for _ in range(2)}):
        maker.add(
            "ProductSupplier",
            created,
            id=maker.id("supplies", number, place),
            productId=key,
            supplierId=maker.suppliers[place],
        )


def dimensions(maker: Maker) -> Row | None:
    """The size of a product, for most."""
    if maker.chance(0.2):
        return None
    width, height, depth = (maker.random.randrange(20, 1200) / 1000 for _ in range(3))
    return {"width": width, "height": height, "depth": depth, "unit": "METRE"}


def warehouses(maker: Maker) -> None:
    """Add a warehouse at each place, with some of everything in it."""
    for place, key in zip(maker.company.places, maker.warehouses, strict=True):
        maker.add(
            "Warehouse",
            maker.before(700),
            id=key,
            code=place.city[:3].upper(),
            name=f"{place.city} warehouse",
            address=address_of(place, "Gate 2"),
            capacity=1000 * maker.random.randrange(2, 20),
            opensAt=time(6, 0),
            closesAt=time(18, 30),
            managerId=maker.random.choice(maker.people[1:3]).id,
        )
    for warehouse in maker.warehouses:
        for product, _ in maker.products:
            stock(maker, warehouse, product)


def stock(maker: Maker, warehouse: str, product: str) -> None:
    """Add what there is of a product in a warehouse: up to two lots."""
    for lot in LOTS[: maker.random.choice((0, 1, 1, 2))]:
        quantity = maker.random.choice((0, 3, 8)) if maker.chance(0.15) else maker.random.randrange(10, 300)
        maker.add(
            "StockItem",
            maker.before(300),
            warehouseId=warehouse,
            productId=product,
            lot=lot,
            quantity=quantity,
            onOrder=maker.random.choice((0, 0, 0, 20, 50)),
            reserved=maker.random.randrange(quantity // 4 + 1),
            reorderPoint=maker.random.choice((None, 10, 25, 40)),
            countedOn=maker.before(90).date() if maker.chance(0.7) else None,
        )
