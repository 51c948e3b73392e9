"""Units of information: the base of the logarithm, by name."""

from __future__ import annotations

import math
from typing import Any

from trivium.engine.errors import ArgumentError

__all__ = ["UNITS", "nats_in"]

#: One of each unit in nats: ln 2 for a bit, ln 10 for a ban (also called dit or hartley).
UNITS: dict[str, float] = {"nats": 1.0, "bits": math.log(2.0), "bans": math.log(10.0)}


def nats_in(asked: str, unit: Any) -> float:
    """How many nats one ``unit`` is. Raises ArgumentError for a unit that does not exist.

    Source: ISO/IEC 80000-13:2025, entries for shannon (bit), hartley (ban) and nat.
    """
    found = UNITS.get(unit) if isinstance(unit, str) else None
    if found is None:
        known = ", ".join(map(repr, UNITS))
        raise ArgumentError(
            f"{asked}: {unit!r} is no unit of information; choose one of {known} (logarithms "
            "to base e, 2 and 10)"
        )
    return found
