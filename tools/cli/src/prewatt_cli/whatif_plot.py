"""The picture of `prewatt whatif`: cuts a day, and hours dark a day, of each side."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

SUFFIXES = (".png", ".svg")
# Okabe and Ito's colours, which people with any colour vision tell apart; marks differ too.
_LOOKS = {
    "happened": ("really", "#000000", "o", "none"),
    "as_it_was": ("simulated: as it was", "#0072B2", "s", "-"),
    "as_it_would_be": ("simulated: as it would be", "#D55E00", "^", "-"),
}
_DAYS_WITH_MARKS = 62
_TITLE_MAX = 90


def check_plot(path: Path) -> None:
    """Before hours of work. Raises ValueError where no such picture can be made."""
    if path.suffix not in SUFFIXES:
        message = f"{path}: a picture is {' or '.join(SUFFIXES)}"
        raise ValueError(message)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        message = "a picture needs matplotlib: install prewatt-cli[plot]"
        raise ValueError(message) from None


def draw(found: dict[str, Any], path: Path) -> None:
    """``found``: as `python -m prepay_ledger what-if` reports it."""
    import matplotlib as mpl
    from matplotlib.dates import AutoDateLocator, DateFormatter
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import MaxNLocator

    days = [date.fromisoformat(each) for each in found["days"]]
    accounts = sum(each["accounts"] for each in found["currencies"])
    with mpl.rc_context({"font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "prewatt"}):
        layout = ConstrainedLayoutEngine(hspace=0.06)
        figure = Figure(figsize=(9, 6.4), layout=layout)
        upper, lower = figure.subplots(2, 1, sharex=True)
        for axes, field, title in (
            (upper, "cuts_by_day", "Cuts a day"),
            (lower, "dark_hours_by_day", "Hours without supply a day, all accounts"),
        ):
            for side, (label, color, marker, line) in _LOOKS.items():
                axes.plot(
                    days,
                    _summed(found, side, field, len(days)),
                    label=label,
                    color=color,
                    marker=marker if len(days) <= _DAYS_WITH_MARKS else "",
                    markersize=4.5,
                    markerfacecolor="white" if side == "happened" else color,
                    linestyle=line if len(days) <= _DAYS_WITH_MARKS else "-",
                    linewidth=1.6,
                    zorder=4 if side == "happened" else 3,
                    clip_on=False,
                )
            axes.set_title(title, loc="left", fontsize=11)
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
            axes.yaxis.set_major_formatter("{x:,.0f}")
            axes.grid(axis="y", color="#dddddd", linewidth=0.8)
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
        locator = AutoDateLocator(minticks=3, maxticks=9)
        lower.xaxis.set_major_locator(locator)
        lower.xaxis.set_major_formatter(DateFormatter("%-d %b"))
        lower.margins(x=0.02)
        title = _shortened(" and ".join(_titles(found)))
        figure.suptitle(
            f"What if: {title}\n{accounts:,} accounts, {found['from']} to {found['to']}",
            x=0.01,
            ha="left",
            fontsize=12,
            linespacing=1.5,
        )
        handles, labels = upper.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=150, metadata=metadata)


def _titles(found: dict[str, Any]) -> Iterator[str]:
    if "policy" in found:
        yield found["policy"]["title"] or "a policy without a title"
    if "tariff" in found:
        yield found["tariff"]["title"] or f"tariff {found['tariff']['code']}"


def _shortened(text: str) -> str:
    # A dollar would begin a formula.
    one_line = " ".join(text.split()).replace("$", r"\$")
    return one_line if len(one_line) <= _TITLE_MAX else f"{one_line[: _TITLE_MAX - 1]}…"


def _summed(found: dict[str, Any], side: str, field: str, days: int) -> list[int]:
    """Over all currencies."""
    parts = [each["sides"][side][field] for each in found["currencies"]]
    return [sum(part[number] for part in parts) for number in range(days)]
