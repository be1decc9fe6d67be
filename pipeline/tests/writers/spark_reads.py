"""Prints what Spark reads in an output."""

import sys

import rows
import spark_session

spark = spark_session.start()
listed = spark.read.parquet(sys.argv[1]).select(*rows.READ).collect()
rows.report({n: [row[n] for row in listed] for n in rows.READ})
spark.stop()
