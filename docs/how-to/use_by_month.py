"""What each meter used in each month, by PySpark, from billing's archive: a job to begin from.

    python use_by_month.py ARCHIVE OUT --first 2026-10 --last 2026-11 --zone Asia/Shanghai

``ARCHIVE`` is the folder, ``OUT`` a folder that is made, of Parquet files: ``meter_id``, ``month``,
``readings`` (as they came, repeats too), ``register_wh`` (the last of the month) and ``use_wh`` (by
how much it rose since the last of the month before; null where that has none).

Registers are taken as they came. A rollover, a glitch, a swapped device and an edit are seen by
billing's `usage`, which tells what is charged; this is for questions that need every meter at once.
"""

import argparse
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f


def listed(archive: Path, *, first: date, end: date) -> list[str]:
    """The files of the UTC days [``first``, ``end``), as each day's list names them; not what is
    there, for that is also what merged files were made of."""
    return [
        str(archive / line.split("\t")[0])
        for folder in sorted(archive.glob("day=*"))
        if first <= date.fromisoformat(folder.name.removeprefix("day=")) < end
        for line in (folder / "_files").read_text(encoding="ascii").splitlines()
    ]


def readings_of(spark: SparkSession, archive: Path, paths: Sequence[str]) -> DataFrame:
    """A row each: meter_id, read_at, import_wh, received_after_s, and by folder day, partition."""
    return spark.read.option("basePath", str(archive)).parquet(*paths)


def use_by_month(readings: DataFrame, *, zone: str) -> DataFrame:
    """By meter and local month. A reading at midnight ends the day before: intervals are
    (start, end]. Of several at one instant the one that came last counts, else the higher."""
    local = f.from_utc_timestamp(f.col("read_at") - f.expr("INTERVAL 1 MICROSECOND"), zone)
    last = f.max(f.struct("read_at", "received_after_s", "import_wh"))
    by_month = readings.groupBy("meter_id", f.trunc(local, "month").alias("month")).agg(
        f.count(f.lit(1)).alias("readings"),
        last["import_wh"].alias("register_wh"),
    )
    months = Window.partitionBy("meter_id").orderBy("month")
    before_wh = f.when(
        f.lag("month").over(months) == f.add_months("month", -1),
        f.lag("register_wh").over(months),
    )
    return by_month.withColumn("use_wh", f.col("register_wh") - before_wh)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("archive", type=Path, help="its folder (PREWATT_ARCHIVE_URL)")
    parser.add_argument("out", help="a folder that is not there yet")
    parser.add_argument("--first", type=_month, required=True, help="the first month, as 2026-10")
    parser.add_argument("--last", type=_month, required=True, help="the last month")
    parser.add_argument("--zone", default="UTC", help="whose months, as Asia/Shanghai")
    asked = parser.parse_args()
    # One month more in front, for the register that the first begins with; and a day more on either
    # side, which a zone's month reaches into.
    paths = listed(
        asked.archive,
        first=_next_month(asked.first, -1) - timedelta(days=1),
        end=_next_month(asked.last, 1) + timedelta(days=1),
    )
    if not paths:
        parser.error(f"{asked.archive}: no list names a file of these months")
    spark = SparkSession.builder.appName("use by month").getOrCreate()
    # Instants are UTC: the zone of whoever runs this has no part in it.
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    readings = readings_of(spark, asked.archive, paths)
    use = use_by_month(readings, zone=asked.zone)
    use.where(f.col("month").between(asked.first, asked.last)).write.parquet(asked.out)
    count, import_wh_sum = readings.agg(f.count(f.lit(1)), f.sum("import_wh")).first() or (0, 0)
    print(f"{count} readings in {len(paths)} files, {import_wh_sum} Wh in sum")
    spark.stop()


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def _next_month(month: date, step: int) -> date:
    number = month.year * 12 + month.month - 1 + step
    return date(number // 12, number % 12 + 1, 1)


if __name__ == "__main__":
    main()
