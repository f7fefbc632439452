"""Tariff documents that several tests use."""

from prewatt_metering.tariffs.document import TariffVersion, parse_tariff

HEAD = """
code: home
valid_from: 2026-01-01
currency: CNY
timezone: Asia/Shanghai
"""

LADDER_AND_TIME = (
    HEAD
    + """
time_of_use:
  slots:
    - {name: peak, begin: "08:00", end: "22:00"}
    - {name: valley}
components:
  - {name: energy, kind: energy, micro_per_kwh: {peak: 568300, valley: 288300}}
  - name: ladder
    kind: blocks
    blocks:
      - {upto_wh: 230000, micro_per_kwh: 0}
      - {upto_wh: 400000, micro_per_kwh: 50000}
      - {upto_wh: null, micro_per_kwh: 300000}
  - {name: meter, kind: standing, micro_per_day: 100000}
  - {name: vat, kind: levy, rate_ppm: 130000}
"""
)


def version(components: str, **changes: object) -> TariffVersion:
    """A version of one flat name with the given components; ``changes`` are top-level YAML."""
    head = HEAD if "valid_from" not in changes else HEAD.replace("valid_from: 2026-01-01\n", "")
    more = "".join(f"{key}: {value}\n" for key, value in changes.items())
    return parse_tariff(f"{head}{more}components:\n{components}")
