"""What a tariff version asks of an agreement beyond its energy and days."""

from prewatt_metering.tariffs.components import Capacity, Demand, PowerFactor
from prewatt_metering.tariffs.document import TariffVersion


def unknown(version: TariffVersion, *, capacity_va: int | None) -> str | None:
    """What the version asks for and is not known of an agreement of this capacity, in a sentence;
    none where it can be rated."""
    for component in version.components:
        if isinstance(component, Demand | PowerFactor):
            return (
                f"{component.name} of tariff {version.code} is rated by demand or reactive energy, "
                "which no reading brings to the ledger yet"
            )
        if isinstance(component, Capacity) and capacity_va is None:
            return f"{component.name} of tariff {version.code} needs the agreement's capacity_va"
    return None
