# /// script
# requires-python = ">=3.11"
# dependencies = ["demandlib==0.2.2"]
# ///
"""Write ``bdew_h0.csv`` from demandlib's copy of the BDEW standard load profiles.

``uv run --script tools/simulator/bake_profile.py``. Baked, because demandlib brings pandas and
numpy (120 MB installed) for what are 864 numbers.
"""

import csv
from importlib.resources import files
from pathlib import Path

OUTPUT = Path(__file__).parent / "src" / "prewatt_simulator" / "bdew_h0.csv"
DAYS = {"workday": (1, 2, 3, 4, 5), "saturday": (6,), "sunday": (7,)}
SEASONS = ("winter", "summer", "transition")


def main() -> None:
    """Check that the weekdays are alike, then write one column per season and kind of day."""
    source = files("demandlib.bdew") / "bdew_data" / "selp_series.csv"
    curves: dict[tuple[str, int], list[int]] = {}
    with source.open(encoding="ascii") as lines:
        for row in csv.DictReader(lines):
            key = row["period"], int(row["weekday"])
            curves.setdefault(key, []).append(round(float(row["h0"]) * 1_000_000))
    columns: dict[str, list[int]] = {}
    for season in SEASONS:
        for kind, weekdays in DAYS.items():
            curve = curves[season, weekdays[0]]
            if len(curve) != 96 or any(curves[season, day] != curve for day in weekdays):
                message = f"{season} {kind}: not one curve of 96 quarter hours"
                raise SystemExit(message)
            columns[f"{season}_{kind}"] = curve
    with OUTPUT.open("w", encoding="ascii", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


if __name__ == "__main__":
    main()
