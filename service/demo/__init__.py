"""Demo data for the shipped inventory: three companies, the same on every machine."""

from __future__ import annotations

from service.demo.load import fits, load_demo
from service.demo.people import DemoCaller, DemoCallers, demo_callers

__all__ = ["DemoCaller", "DemoCallers", "demo_callers", "fits", "load_demo"]
