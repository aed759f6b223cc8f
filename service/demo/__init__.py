"""Demo data for the shipped inventory: three companies, the same on every machine."""

from __future__ import annotations

from service.demo.load import load_demo
from service.demo.people import DemoCaller, DemoCallers, demo_callers

__all__ = ["DemoCaller", "DemoCallers", "demo_callers", "load_demo"]
