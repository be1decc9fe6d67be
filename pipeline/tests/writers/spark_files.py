"""Files that Spark writes: each codec, both page versions, legacy types, no dictionaries."""

import shutil

import rows
import spark_session
from pyspark.sql import types as t

TYPES = {
    "text": t.StringType(), "int8": t.ByteType(), "int16": t.ShortType(),
    "int32": t.IntegerType(), "int64": t.LongType(), "float32": t.FloatType(),
    "float64": t.DoubleType(), "flag": t.BooleanType(), "day": t.DateType(),
    "moment": t.TimestampNTZType(), "instant": t.TimestampType(),
    "decimal9": t.DecimalType(9, 2), "decimal18": t.DecimalType(18, 3),
    "decimal38": t.DecimalType(38, 10), "name": t.StringType(), "one": t.StringType(),
    "bytes": t.BinaryType(),
}  # fmt: skip
LEGACY = "spark.sql.parquet.writeLegacyFormat"
TIMESTAMPS = "spark.sql.parquet.outputTimestampType"


def main() -> None:
    """Write all of them."""
    spark = spark_session.start()
    frames = {}
    for nulls in (False, True):
        columns = rows.rows("spark", 300, nulls, list(TYPES)[1:])
        schema = t.StructType([t.StructField(n, k, nulls) for n, k in TYPES.items()])
        listed = list(zip(*columns.values(), strict=True))
        frames[nulls] = columns, spark.createDataFrame(listed, schema).coalesce(1).cache()
    for i, codec in enumerate(("none", "snappy", "gzip", "zstd", "lz4", "lz4_raw")):
        write(spark, codec, frames[True], codec=codec, version=("v1", "v2")[i % 2])
    write(spark, "full", frames[False])
    write(spark, "legacy", frames[True], conf={LEGACY: "true"})
    write(spark, "plain_v2", frames[True], dictionary="false", version="v2")
    for kind in ("TIMESTAMP_MICROS", "TIMESTAMP_MILLIS"):
        write(spark, kind.lower(), frames[False], conf={TIMESTAMPS: kind})
    write(spark, "pages", frames[True], page="512")
    spark.stop()


def write(spark, name, frame, codec="snappy", version="v1", dictionary="true", page="1048576",
          conf=None):  # fmt: skip
    """Write a file."""
    for key, value in ({LEGACY: "false", TIMESTAMPS: "INT96"} | (conf or {})).items():
        spark.conf.set(key, value)
    columns, table = frame
    parts = rows.folder() / name
    writer = table.write.option("compression", codec).option("parquet.page.size", page)
    writer = writer.option("parquet.enable.dictionary", dictionary)
    writer.option("parquet.writer.version", version).parquet(str(parts))
    (part,) = parts.glob("*.parquet")
    part.rename(rows.folder() / f"{name}.parquet")
    shutil.rmtree(parts)
    kind = spark.conf.get(TIMESTAMPS)
    instants = [v and stored(v, kind) for v in columns["instant"]]
    rows.expect(rows.folder(), name, columns | {"instant": instants})


def stored(moment, kind: str):
    """Return a moment as Spark stores it: INT96 knows no time zone."""
    if kind == "INT96":
        return moment.replace(tzinfo=None)
    if kind == "TIMESTAMP_MILLIS":
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return moment


main()
