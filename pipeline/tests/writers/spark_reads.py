"""Prints what Spark reads in an output."""

import sys

import rows
import spark_session

spark = spark_session.start()
# Until Spark 4 its reader of several lists' values at once lacks BYTE_STREAM_SPLIT.
if spark.version.startswith("3."):
    spark.conf.set("spark.sql.parquet.enableNestedColumnVectorizedReader", "false")
listed = spark.read.parquet(sys.argv[1]).select(*rows.READ).collect()
rows.report({n: [row[n] for row in listed] for n in rows.READ})
spark.stop()
