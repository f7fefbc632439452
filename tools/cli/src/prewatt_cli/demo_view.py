"""What the demo shows: one screen, drawn anew a few times a second."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from prewatt_cli.payments import decimal_from
from prewatt_cli.utility import CURRENCY

STATE_STYLES = {
    "connected": "green",
    "warned": "yellow",
    "pending": "magenta",
    "disconnecting": "red",
    "disconnected": "bold red",
    "reconnecting": "cyan",
    "armed": "cyan",
    "limited": "bold magenta",
}


@dataclass(frozen=True, slots=True)
class Latency:
    """Quantiles of a stage in seconds; none where nothing was measured yet."""

    stage: str
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Watched:
    """A household shown by name."""

    number: str
    balance_micro: int
    start_micro: int
    supply_state: str


@dataclass(slots=True)
class View:
    """The state of the screen."""

    simulated: str = ""
    elapsed_s: float = 0
    published: int = 0
    charged: int = 0
    readings_per_s: float = 0
    by_state: dict[str, int] = field(default_factory=dict[str, int])
    cuts: int = 0
    reconnections: int = 0
    relays_open: int = 0
    topups: int = 0
    notices: int = 0
    latencies: Sequence[Latency] = ()
    watched: Sequence[Watched] = ()
    log: list[str] = field(default_factory=list[str])

    def say(self, line: str) -> None:
        """Add a line to what happened; the screen keeps the last ones."""
        self.log.append(line)
        del self.log[:-9]

    def __rich__(self) -> Group:
        top = Table.grid(expand=True)
        top.add_column(ratio=1)
        top.add_column(ratio=1)
        top.add_row(self._numbers(), self._stages())
        return Group(top, self._households(), self._happened())

    def _numbers(self) -> Panel:
        table = Table.grid(padding=(0, 2))
        table.add_row("meters' time", self.simulated)
        table.add_row("readings", f"{self.published} sent, {self.charged} taken by the ledger")
        table.add_row("rate", f"{self.readings_per_s:.0f} readings/s")
        table.add_row("relays", f"{self.relays_open} open of {sum(self.by_state.values())}")
        table.add_row("so far", f"{self.cuts} cuts, {self.reconnections} reconnections")
        table.add_row("top-ups", f"{self.topups} by signed webhook")
        table.add_row("notices", f"{self.notices} delivered")
        title = f"Prewatt, {self.elapsed_s:.0f} s"
        return Panel(table, title=title, border_style="blue")

    def _stages(self) -> Panel:
        table = Table("from ... to", "p50", "p95", "p99", box=None, pad_edge=False)
        for latency in self.latencies:
            cells = (_milliseconds(v) for v in (latency.p50, latency.p95, latency.p99))
            table.add_row(latency.stage, *cells)
        return Panel(table, title="latency by stage", border_style="blue")

    def _households(self) -> Panel:
        counts = Text("  ").join(
            Text(f"{self.by_state.get(state, 0)} {state}", style=style)
            for state, style in STATE_STYLES.items()
        )
        table = Table.grid(padding=(0, 2), expand=True)
        for each in self.watched:
            share = max(0, min(100, 100 * each.balance_micro // max(1, each.start_micro)))
            style = STATE_STYLES.get(each.supply_state, "white")
            table.add_row(
                each.number,
                Text(f"{decimal_from(each.balance_micro)} {CURRENCY}", justify="right"),
                ProgressBar(total=100, completed=share, width=30, complete_style=style),
                Text(each.supply_state, style=style),
            )
        return Panel(Group(counts, Text(), table), title="households", border_style="blue")

    def _happened(self) -> Panel:
        lines = [*self.log, *[""] * (9 - len(self.log))]
        return Panel(Text("\n".join(lines)), title="what happened", border_style="blue")


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f} ms"
