"""Who the demo companies are and what they sell. All of it is made up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere with an address."""

    line1: str
    city: str
    region: str
    postal_code: str
    country: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Company:
    """An organization, in the words that its rows are made from."""

    name: str
    slug: str
    plan: str
    dial: str
    """The beginning of its telephone numbers, country code and area."""
    places: tuple[Place, ...]
    """The first is where it is; each has a warehouse."""
    people: tuple[str, ...]
    """First and last names: the first is its Admin, the next two its Managers, the others Viewers."""
    suppliers: tuple[str, ...]
    series: tuple[str, ...]
    """The names its products come under."""
    tags: tuple[str, ...]
    prices: tuple[float, float]
    products: int
    orders: int
    catalogue: str
    """Its categories, indented by two spaces a level; the end of a branch says what one product is called."""


HARBOUR = Company(
    name="Harbour & Pine Outfitters",
    slug="harbour-pine",
    plan="ENTERPRISE",
    dial="+47 55 61",
    places=(
        Place("Bryggen 41", "Bergen", "Vestland", "5003", "NO", 60.3971, 5.3245),
        Place("Havnegata 9", "Trondheim", "Trøndelag", "7010", "NO", 63.4362, 10.4005),
        Place("Skippergata 33", "Tromsø", "Troms", "9008", "NO", 69.6496, 18.9560),
    ),
    people=(
        "Ingrid Solheim",
        "Matteo Ricci",
        "Amara Okafor",
        "Jonas Lindqvist",
        "Priya Raman",
        "Sébastien Laurent",
    ),
    suppliers=(
        "Fjordline Textiles",
        "Alpin Metallwaren",
        "Nordlys Down",
        "Caldera Stoves",
        "Ropeworks Vestland",
        "Tarn & Sons",
        "Bright Cairn Lamps",
        "Polar Bottle Company",
        "Øst Trading",
        "Summit Webbing",
        "Kvist Woodcraft",
        "Larch Boots",
    ),
    series=("Kestrel", "Tarn", "Fjell", "Moraine", "Skua", "Birch", "Cairn", "Nansen", "Drift", "Ember"),
    tags=("outdoor", "light", "winter", "family", "repairable", "recycled", "bestseller"),
    prices=(6.0, 890.0),
    products=300,
    orders=60,
    catalogue="""
Camping
  Shelter
    Tents
      Tunnel tents
        Two-person tunnel tents: two-person tent
        Four-person tunnel tents: four-person tent
      Dome tents
        Solo dome tents: solo tent
        Family dome tents: family tent
    Tarps: tarp
  Sleeping
    Sleeping bags
      Down bags
        Winter down bags: winter sleeping bag
        Summer down bags: summer sleeping bag
      Synthetic bags: synthetic sleeping bag
    Mats: sleeping mat
  Kitchen
    Stoves
      Gas stoves
        Canister stoves: canister stove
        Hose stoves: hose stove
      Wood stoves: wood stove
    Pots: pot set
    Bottles: bottle
Hiking
  Packs
    Day packs: day pack
    Expedition packs
      Framed packs
        70-litre packs: 70-litre pack
        90-litre packs: 90-litre pack
  Poles: pair of poles
  Lamps: head lamp
Climbing
  Ropes: rope
  Hardware
    Carabiners: carabiner
""",
)

MERIDIAN = Company(
    name="Meridian Instruments",
    slug="meridian",
    plan="STANDARD",
    dial="+1 503 555",
    places=(
        Place("2200 Alder Street", "Portland", "OR", "97205", "US", 45.5202, -122.6850),
        Place("18 Foundry Road", "Boise", "ID", "83702", "US", 43.6150, -116.2023),
    ),
    people=("Grace Whitfield", "Tomás Herrera", "Naomi Feldman", "Kenji Arai", "Lucy Mbeki"),
    suppliers=(
        "Cascade Semiconductor",
        "Juniper Glassworks",
        "Precision Castings",
        "Ohm & Daughters",
        "Basalt Batteries",
        "Redwood Optics",
        "Salmon River Plastics",
        "Quartz Creek Timing",
    ),
    series=("Meridian", "Vector", "Halo", "Parallax", "Signal", "Vernier", "Lumen"),
    tags=("calibrated", "bench", "handheld", "usb", "education", "surplus"),
    prices=(12.0, 4800.0),
    products=150,
    orders=40,
    catalogue="""
Measuring
  Electrical
    Multimeters
      Handheld
        True-RMS multimeters: true-RMS multimeter
        Clamp meters: clamp meter
      Bench multimeters: bench multimeter
    Oscilloscopes
      Digital
        Two-channel scopes: two-channel oscilloscope
        Four-channel scopes: four-channel oscilloscope
  Climate
    Thermometers: thermometer
    Hygrometers: hygrometer
Optics
  Microscopes
    Stereo microscopes: stereo microscope
    Field microscopes: field microscope
  Lenses: lens
Supplies
  Probes: probe set
  Batteries: battery pack
""",
)

TILDA = Company(
    name="Tilda's Bakery Supply",
    slug="tildas",
    plan="FREE",
    dial="+44 161 496",
    places=(
        Place("7 Mill Lane", "Manchester", "Greater Manchester", "M4 5JD", "GB", 53.4839, -2.2290),
        Place("112 Dock Street", "Leeds", "West Yorkshire", "LS10 1JF", "GB", 53.7920, -1.5380),
    ),
    people=("Tilda Ashworth", "Owen Pryce", "Fatima Zahra", "Rosa Delgado", "Élan Dubois"),
    suppliers=(
        "Pennine Millers",
        "Cheshire Dairy",
        "Orchard & Hive",
        "Copper Kettle Tinware",
        "Dalton Ovens",
        "Spicer's Row",
    ),
    series=("Tilda's", "Mill Lane", "Baker's", "Pennine", "Golden"),
    tags=("organic", "bulk", "vegan", "wholegrain", "seasonal"),
    prices=(0.8, 260.0),
    products=100,
    orders=30,
    catalogue="""
Ingredients
  Flour
    Wheat
      Strong
        Strong white: strong white flour
        Strong wholemeal: wholemeal flour
      Plain: plain flour
    Rye: rye flour
  Sugar: sugar
  Spices
    Whole: whole spice
    Ground: ground spice
Tins
  Loaf tins: loaf tin
  Cake tins: cake tin
Tools
  Whisks: whisk
  Scales: kitchen scale
""",
)

COMPANIES = (HARBOUR, MERIDIAN, TILDA)
