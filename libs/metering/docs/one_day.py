"""Draws `one_day.svg`: from the readings of one meter on one local day to the lines of a bill.

Every number in the picture is what the functions of prewatt_metering give. After a change:
`python libs/metering/docs/one_day.py` writes it again; a test holds both equal.
"""

from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from prewatt_metering.calendar.instants import HOUR_US, SECOND_US
from prewatt_metering.calendar.local import LocalCalendar, local_minute
from prewatt_metering.calendar.slots import slots_of_day
from prewatt_metering.rating.charge import charge, parts_of_use
from prewatt_metering.rating.lines import Line, Unit
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.intervals import Interval, intervals_of
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import parse_tariff
from prewatt_metering.tariffs.periods import Period, period_of
from prewatt_metering.usage.days import DayUsage, day_usage
from prewatt_metering.vee.checks.vee10_gap import gaps
from prewatt_metering.vee.trust import trusted

PICTURE = Path(__file__).with_suffix(".svg")

# ── The day: Berlin puts its clock back at 03:00, so that it has 25 hours. A customer moves in. ──
DAY = date(2026, 10, 25)
CALENDAR = LocalCalendar("Europe/Berlin")
BEGIN_US, END_US = CALENDAR.first_instant_us(DAY), CALENDAR.end_us(DAY)
HOURS = (END_US - BEGIN_US) // HOUR_US
TARIFF = parse_tariff("""
code: household-three-rates
valid_from: 2026-01-01
currency: EUR
timezone: Europe/Berlin
time_of_use:
  slots:
    - {name: night, begin: "22:00", end: "06:00"}
    - {name: peak, begin: "17:00", end: "21:00"}
    - {name: day}
components:
  - {name: energy, kind: energy, micro_per_kwh: {night: 220000, day: 300000, peak: 420000}}
  - {name: standing, kind: standing, micro_per_day: 350000}
  - {name: vat, kind: levy, rate_ppm: 190000}
""")
assert TARIFF.time_of_use is not None
SLOTS = slots_of_day(CALENDAR, DAY, TARIFF.time_of_use.name_at(DAY), marks=TARIFF.time_of_use.marks)
METER = MeterFacts(meter="m-1")
INSTALLATION = Installation(meter="m-1", account="a-1", from_us=BEGIN_US, opening_wh=1_200_000)
# The register at each full hour that reported, counted from the day's first instant. 10:00 by the
# wall clock is hour 11; 16:00 to 19:00 never came.
REGISTER_WH = {
    1: 1_200_380, 2: 1_200_680, 3: 1_200_940, 4: 1_201_190, 5: 1_201_450, 6: 1_201_730,
    7: 1_202_070, 8: 1_202_690, 9: 1_203_530, 10: 1_204_230, 11: 1_212_500, 12: 1_205_230,
    13: 1_205_870, 14: 1_206_850, 15: 1_207_570, 16: 1_208_130, 21: 1_214_630,
    22: 1_215_830, 23: 1_216_590, 24: 1_217_110, 25: 1_217_530,
}  # fmt: skip
READINGS = [Reading(BEGIN_US + hour * HOUR_US, wh) for hour, wh in REGISTER_WH.items()]

# ── What the functions say of it. ──
TRUST = trusted(readings=READINGS, installation=INSTALLATION, facts=METER)
(GLITCH,) = TRUST.findings
(GAP,) = gaps(meter="m-1", intervals=TRUST.intervals, borne_us=2 * HOUR_US)
TODAY = Period(DAY, date.fromordinal(DAY.toordinal() + 1))
BOOK = TariffBook([TARIFF])
PERIOD = period_of(DAY, cycle=BOOK.cycle)
USE_WH = day_usage(
    intervals=TRUST.intervals,
    installation=INSTALLATION,
    calendar=CALENDAR,
    slots_of=lambda _: SLOTS,
    opened=DAY,
)
CHARGE = charge(
    period=PERIOD,
    parts=parts_of_use(book=BOOK, period=PERIOD, use_wh=USE_WH, served=TODAY),
)

# ── The picture: three panels, the upper two over one axis of time. ──
WIDTH, HEIGHT = 900, 838
LEFT, RIGHT = 72, 872
REGISTER_TOP, REGISTER_FOOT = 162, 362
POWER_TOP, POWER_FOOT = 436, 556
REGISTER_LOW_KWH, REGISTER_SPAN_KWH, POWER_SPAN_W = 1_200, 20, 1_700
BILL_TOP, ROW, BAR_A_WH = 654, 30, 0.024
QUANTITY_X, PRICE_X = 540, 730
STYLE = """
text{font:15px Helvetica,Arial,sans-serif;fill:#1f2328}
.title{font-size:23px;font-weight:bold}.head{font-size:17px;font-weight:bold}
.small{font-size:13px}.bold{font-weight:bold}.soft{fill:#59636e}
.end{text-anchor:end}.mid{text-anchor:middle}
.paper{fill:#fff;stroke:#d1d9e0}.grid{stroke:#59636e;stroke-opacity:.25}
.axis{stroke:#59636e;stroke-width:1.5}.path{fill:none;stroke:#1f2328;stroke-width:2}
.spread{stroke-dasharray:6 5}.dot{fill:#1f2328}
.night{fill:#3b6fc4}.day{fill:#2b8a3e}.peak{fill:#d9630a}.band{fill-opacity:.1}
.on{fill:#fff;font-weight:bold;font-size:14px}
.wrong{fill:none;stroke:#c92a2a;stroke-width:2.5}.says-wrong{fill:#c92a2a}
.edge{fill:none;stroke:#1f2328;stroke-width:1.5;stroke-dasharray:6 5}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}.soft{fill:#a9b4bf}.on{fill:#fff}.says-wrong{fill:#ff8a8a}
.paper{fill:#0d1117;stroke:#3d444d}.grid,.axis{stroke:#a9b4bf}.path,.edge{stroke:#f0f6fc}
.dot{fill:#f0f6fc}.wrong{stroke:#ff8a8a}.band{fill-opacity:.22}}
"""


def picture() -> str:
    """The SVG text."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" role="img">',
        "<title>One day of one meter, from readings to the lines of a bill</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
        _text(24, 40, "One day of one meter", "title"),
        _text(24, 65, f"Berlin, {DAY:%A} {DAY.day} {DAY:%B %Y}. {_clock_says()}", "soft"),
        *_slots(),
        *_readings(),
        *_energies(),
        *_bill(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _clock_says() -> str:
    (again,) = _hours_that_come_twice()
    return f"The clock goes back: {again} comes twice, and the day has {HOURS} hours."


def _slots() -> list[str]:
    """The names of the day: a strip on top, a tint behind both panels."""
    parts: list[str] = []
    begin_us = BEGIN_US
    for name, end_us in SLOTS.ends():
        x, width = _x(begin_us), _x(end_us) - _x(begin_us)
        parts += [_rect(x, 84, width, 26, name), _text(x + width / 2, 102, name, "on mid")]
        for top, foot in ((REGISTER_TOP, REGISTER_FOOT), (POWER_TOP, POWER_FOOT)):
            parts.append(_rect(x, top, width, foot - top, f"{name} band"))
        begin_us = end_us
    return parts


def _readings() -> list[str]:
    parts = [
        _text(24, 146, "1  Readings: the trusted ones bound intervals", "head"),
        _text(RIGHT, 146, "register, kWh", "small soft end"),
    ]
    for kwh in range(REGISTER_LOW_KWH, REGISTER_LOW_KWH + REGISTER_SPAN_KWH + 1, 5):
        parts += _scale(_register_y(kwh * 1_000), f"{kwh:,}")
    parts += _time_axis(REGISTER_FOOT)
    register_wh = INSTALLATION.opening_wh or 0
    points = [(_x(BEGIN_US), _register_y(register_wh))]
    for each in TRUST.intervals:
        register_wh += each.wh
        points.append((_x(each.end_us), _register_y(register_wh)))
        parts.append(_line(*points[-2], *points[-1], "path spread" if _spread(each) else "path"))
    parts += [f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="4"/>' for x, y in points]
    x, y = _x(GLITCH.begin_us), _register_y(GLITCH.after or 0)
    parts += [
        f'<circle class="wrong" cx="{x:g}" cy="{y:g}" r="8"/>',
        _line(x - 4, y - 4, x + 4, y + 4, "wrong"),
        _line(x - 4, y + 4, x + 4, y - 4, "wrong"),
        _text(x - 18, y - 3, f"{GLITCH.check} {GLITCH.name}", "end bold says-wrong"),
        _text(x - 18, y + 15, "not trusted", "small end"),
    ]
    x, y = _x((GAP.begin_us + GAP.end_us) // 2) - 8, _register_y(1_208_000)
    silence_h = (GAP.after or 0) * SECOND_US // HOUR_US
    parts += [
        _text(x, y, f"{GAP.check} {GAP.name}", "bold"),
        _text(x, y + 18, f"no reading for {silence_h} h", "small"),
    ]
    return parts


def _energies() -> list[str]:
    parts = [
        _text(24, 422, "2  Intervals: split by elapsed time where a name begins", "head"),
        _text(RIGHT, 422, "mean power, kW: areas are energy", "small soft end"),
    ]
    for half_kw in range(3):
        parts += _scale(_power_y(half_kw * 500), f"{half_kw / 2:.1f}")
    for each in TRUST.intervals:
        parts += _pieces(each)
    parts += _time_axis(POWER_FOOT)
    return parts


def _pieces(interval: Interval) -> list[str]:
    """The interval as a block for each name that it has energy of, its area the energy."""
    parts: list[str] = []
    begin_us = interval.begin_us
    foot = POWER_FOOT
    top = foot
    for (_, name), wh in _use_wh([interval]).items():
        ends = (end_us for each, end_us in SLOTS.ends() if each == name and end_us > begin_us)
        end_us = min(interval.end_us, next(ends))
        x, width = _x(begin_us), _x(end_us) - _x(begin_us)
        top = _power_y(wh * HOUR_US / (end_us - begin_us))
        parts.append(_rect(x, top, width - 1, foot - top, name))
        if end_us - begin_us < interval.end_us - interval.begin_us:
            parts.append(_text(x + width / 2 - 0.5, (top + foot) / 2, _kwh(wh, ""), "on mid"))
            parts.append(_text(x + width / 2 - 0.5, (top + foot) / 2 + 16, "kWh", "on small mid"))
        begin_us = end_us
    if _spread(interval):
        x, width = _x(interval.begin_us), _x(interval.end_us) - _x(interval.begin_us)
        parts.append(_rect(x, top, width - 1, foot - top, "edge"))
        silence = f"{_kwh(interval.wh)} over {(interval.end_us - interval.begin_us) // HOUR_US} h"
        parts.append(_text(x + width / 2, top - 8, silence, "small mid"))
    return parts


def _bill() -> list[str]:
    parts = [_text(24, 624, "3  Energies by name become lines of the bill", "head")]
    columns = ((QUANTITY_X, "quantity"), (PRICE_X, "price"), (RIGHT, f"amount, {TARIFF.currency}"))
    parts += [_text(x, 624, says, "small soft end") for x, says in columns]
    y = BILL_TOP
    for line in CHARGE.lines:
        parts += _row(line, y)
        y += ROW
    parts += [
        _line(LEFT, y - 12, RIGHT, y - 12, "axis"),
        _text(LEFT, y + 12, "total", "bold"),
        _text(RIGHT, y + 12, _money(CHARGE.total_micro), "bold end"),
    ]
    return parts


def _row(line: Line, y: float) -> list[str]:
    quantity, price = {
        Unit.WH: (_kwh(line.quantity), f"× {_price(line.price_micro)} a kWh"),
        Unit.DAY: (f"{line.quantity} day", f"× {_price(line.price_micro)} a day"),
        Unit.SHARE: (_money(line.quantity), f"× {line.price_micro / 10_000:g} %"),
    }[line.unit]
    parts = [
        _text(LEFT, y + 5, line.detail or line.component, "bold" if line.detail else ""),
        _text(QUANTITY_X, y + 5, quantity, "end"),
        _text(PRICE_X, y + 5, price, "end"),
        _text(RIGHT, y + 5, _money(line.amount_micro), "end"),
    ]
    if line.unit is Unit.WH:
        parts.append(_rect(LEFT + 68, y - 9, line.quantity * BAR_A_WH, 18, line.detail))
    return parts


def _use_wh(intervals: list[Interval]) -> DayUsage:
    return day_usage(
        intervals=intervals_of(intervals),
        installation=INSTALLATION,
        calendar=CALENDAR,
        slots_of=lambda _: SLOTS,
        opened=DAY,
    )


def _spread(interval: Interval) -> bool:
    return interval.begin_us == GAP.begin_us


def _wall_hour(hour: int) -> str:
    """What the clock shows an hour count after the day began; its end is 24."""
    minute = local_minute(CALENDAR, BEGIN_US + hour * HOUR_US)
    return "24" if hour == HOURS else f"{minute // 60:02}"


def _hours_that_come_twice() -> list[str]:
    shown = [_wall_hour(hour) for hour in range(HOURS)]
    return [each for each in dict.fromkeys(shown) if shown.count(each) > 1]


def _time_axis(y: float) -> list[str]:
    parts = [_line(LEFT, y, RIGHT, y, "axis")]
    twice = _hours_that_come_twice()
    for hour in range(HOURS + 1):
        x, says = _x(BEGIN_US + hour * HOUR_US), _wall_hour(hour)
        parts.append(_line(x, y, x, y + 5, "axis"))
        parts.append(
            _text(x, y + 20, says, "small mid bold" if says in twice else "small mid soft")
        )
    return parts


def _scale(y: float, says: str) -> list[str]:
    return [_line(LEFT, y, RIGHT, y, "grid"), _text(LEFT - 8, y + 5, says, "small soft end")]


def _x(at_us: int) -> float:
    return LEFT + (RIGHT - LEFT) * (at_us - BEGIN_US) / (END_US - BEGIN_US)


def _register_y(wh: int) -> float:
    share = (wh / 1_000 - REGISTER_LOW_KWH) / REGISTER_SPAN_KWH
    return REGISTER_FOOT - (REGISTER_FOOT - REGISTER_TOP) * share


def _power_y(watts: float) -> float:
    return POWER_FOOT - (POWER_FOOT - POWER_TOP) * watts / POWER_SPAN_W


def _kwh(wh: int, unit: str = " kWh") -> str:
    return f"{wh / 1_000:,.2f}{unit}"


def _money(micro: int) -> str:
    """As a line is rounded: to the micro-unit."""
    return f"{micro // 1_000_000}.{micro % 1_000_000:06}"


def _price(micro: int) -> str:
    """Two decimals: the prices of this tariff have no more."""
    assert micro % 10_000 == 0
    return _money(micro)[:-4]


def _text(x: float, y: float, says: str, look: str) -> str:
    return f'<text class="{look}" x="{x:g}" y="{y:g}">{escape(says)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    return f'<line class="{look}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _rect(x: float, y: float, width: float, height: float, look: str) -> str:
    return f'<rect class="{look}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
