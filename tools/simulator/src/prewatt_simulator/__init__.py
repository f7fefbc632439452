"""Simulated prepaid meters with relays, against a real MQTT broker."""

from prewatt_simulator.command_log import CommandLog
from prewatt_simulator.faults import Faults
from prewatt_simulator.fleet import Fleet, Summary
from prewatt_simulator.meter import Meter, Reading, RelayFaults, Truth
from prewatt_simulator.publisher import ConnectionRefused
from prewatt_simulator.relays import RelayMove
from prewatt_simulator.settings import ConstantLoad, FleetSettings, meter_ids

__all__ = [
    "CommandLog",
    "ConnectionRefused",
    "ConstantLoad",
    "Faults",
    "Fleet",
    "FleetSettings",
    "Meter",
    "Reading",
    "RelayFaults",
    "RelayMove",
    "Summary",
    "Truth",
    "meter_ids",
]
