"""Tracks captures on local Spark, and compares the rows with those of one run of `tcpcheck export --merge` a capture.

    TCPCHECK=... python cluster.py [--tasks N] [--break] CAPTURE...     (a directory is one capture of several files)
"""

import argparse
import collections
import json
import os
import stat
import subprocess
import sys
import tempfile

import pyarrow.parquet
from pyspark.sql import SparkSession

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/package/python")
os.environ.update(PYTHONPATH=PACKAGE, PYSPARK_PYTHON=sys.executable)
sys.path.insert(0, PACKAGE)
from tcpcheck import spark as job  # noqa: E402

# Ends its first replay in the middle, as if all were well: what a lost worker looks like from outside.
BREAKS = """#!/bin/sh
if [ "$2" = replay ] && mkdir {mark} 2>/dev/null; then {program} "$@" | head -c 40; exit 0; fi
exec {program} "$@"
"""


def rows(path):
    """The rows of Parquet files, as bytes and sorted."""
    files = [path] if os.path.isfile(path) else [os.path.join(path, name) for name in os.listdir(path)]
    found = collections.defaultdict(list)
    for file in files:
        for row in pyarrow.parquet.ParquetFile(file).read().to_pylist():
            found[row["source"]].append(repr(row))
    return {source: sorted(rows) for source, rows in found.items()}


def export(program, files, table, out):
    """The rows that tcpcheck itself writes."""

    def quiet(*command):
        return subprocess.run([program, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    quiet("export", "--merge", "--table", table, "-o", out, *files)
    if os.path.getsize(out) > 100:
        return rows(out)
    # One of them is no capture: nothing is left but the beginning of a file.
    good = [file for file in files if not quiet("-r", file, "--summary")]
    return export(program, good, table, out) if 0 < len(good) < len(files) else {}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("captures", nargs="+")
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--break", dest="breaks", action="store_true")
    typed = parser.parse_args()
    program, captures = os.environ["TCPCHECK"], [job.files_of(capture) for capture in typed.captures]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        expected = {table: {} for table in job.TABLES.values()}
        for files in captures:
            for table in expected:
                expected[table].update(export(program, files, table, f"{folder}/{table}.parquet"))
        if typed.breaks:
            os.environ["TCPCHECK"] = f"{folder}/breaks"
            with open(f"{folder}/breaks", "w") as script:
                script.write(BREAKS.format(mark=f"{folder}/mark", program=program))
            os.chmod(f"{folder}/breaks", stat.S_IRWXU)
        spark = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false").getOrCreate()
        spark.sparkContext.setLogLevel("OFF")
        said = []
        reports = job.analyse(spark, captures, f"{folder}/out", typed.tasks, warn=said.append)
        assert not typed.breaks or os.path.exists(f"{folder}/mark"), "nothing was broken"
        different = 0
        for table, wanted in expected.items():
            got = rows(f"{folder}/out/{table}")
            for source in sorted({*wanted, *got}):
                one, other = wanted.get(source, []), got.get(source, [])
                if one != other:
                    different += 1
                    only = [list((collections.Counter(a) - collections.Counter(b)).elements()) for a, b in ((one, other), (other, one))]
                    print(f"{table} {source}: export has {len(only[0])} rows alone, Spark {len(only[1])}: {only[0][:1]} {only[1][:1]}")
        how = collections.Counter(report.get("why", "shards") for report in reports)
        counts = {table: sum(map(len, wanted.values())) for table, wanted in expected.items()}
        passes = collections.Counter(report["passes"] for report in reports if report["how"] == "shards")
        print(json.dumps({"captures": len(captures), "rows": counts, "how": how, "passes": passes, "different": different}))
        print("\n".join(said))
        return different > 0


if __name__ == "__main__":
    sys.exit(main())
