"""Captures of any number of files, tracked on a Spark cluster: flows, exchanges and findings as Parquet.

    python -m tcpcheck.spark -o OUT CAPTURE...

A CAPTURE is a file, a directory or a glob: its files are one capture, whose connections go on from file to file. The rows are those of
`tcpcheck export --merge` over the same files. docs/cluster.md says how.
"""

import argparse
import glob
import json
import os
import struct
import sys
import tempfile
from collections import defaultdict

import pyarrow as pa
import pyarrow.compute
import pyarrow.fs
import pyarrow.parquet

from .pipe import Refused, blocks

TABLES = {"0": "flows", "1": "exchanges", "2": "findings"}
# Of passes that do not settle; then a capture is tracked as a whole.
MAX_PASSES = 6
# A record behind which nothing comes.
END = bytes([0, 0, 0, 2])

READ = "capture int, file int, letter string, key long, frame long, data binary"
SAID = "capture int, letter string, frame long, data binary"


def analyse(spark, captures, out, partitions=None, filter=None, warn=lambda words: print(words, file=sys.stderr)):
    """Tracks captures, each a list of files, and writes the tables into the folder `out`. Gives a dictionary for each capture."""
    captures = [list(files) for files in captures]
    reports = [{"files": files, "how": "shards", "passes": 0, "broken": {}, "damaged": []} for files in captures]
    staging = f"{out}/_staging"
    place, root = pyarrow.fs.FileSystem.from_uri(os.path.abspath(out) if "://" not in out else out)
    partitions = partitions or spark.sparkContext.defaultParallelism * 2
    segments = _read(spark, captures, staging, filter)
    plans = _plans(segments, captures, reports)
    try:
        last = _replay(spark, segments, plans, reports, (place, root), partitions)
        _whole(spark, captures, reports, (place, root), filter)
        _publish(place, root, last, reports)
    finally:
        place.delete_dir(f"{root}/_staging")
    for report in reports:
        _tell(report, warn)
    return reports


def _read(spark, captures, staging, filter):
    """Every file's segments and facts, a task a file."""
    files = [(at, number, path) for at, paths in enumerate(captures) for number, path in enumerate(paths)]
    more = ["--filter", filter] if filter else []

    def read(batches):
        for batch in batches:
            for at in batch.column(0).to_pylist():
                yield from _read_file(*files[at], more)

    numbers = spark.range(len(files), numPartitions=max(len(files), 1))
    numbers.mapInArrow(read, READ).write.mode("overwrite").parquet(f"{staging}/segments")
    return spark.read.parquet(f"{staging}/segments")


def _read_file(capture, number, path, more):
    def row(facts):
        return _batch(capture, number, "F", 1, pa.array([0]), pa.array([0]), pa.array([facts], pa.binary()))

    try:
        for letter, data in blocks(["read", path, "--number", str(number), *more]):
            if letter == "S":
                yield _batch(capture, number, "S", *_columns(data))
            else:
                yield row(data)
    except Refused as error:
        error = str(error).removeprefix("tcpcheck: ").removeprefix(f"{path}: ")
        yield row(json.dumps({"error": error, "lost": True}).encode())


def _columns(data):
    """The columns of a block of entries, where they lie."""
    (rows,) = struct.unpack_from("<I", data)
    whole = pa.py_buffer(data)
    keys, frames, ends = 4, 4 + 8 * rows, 4 + 16 * rows
    number = [pa.Array.from_buffers(pa.int64(), rows, [None, whole.slice(at, 8 * rows)]) for at in (keys, frames)]
    buffers = [None, whole.slice(ends, 4 * rows + 4), whole.slice(ends + 4 * rows + 4)]
    return rows, *number, pa.Array.from_buffers(pa.binary(), rows, buffers)


def _batch(capture, number, letter, rows, keys, frames, data):
    same = [pa.array([value] * rows, kind) for value, kind in ((capture, pa.int32()), (number, pa.int32()), (letter, pa.string()))]
    return pa.record_batch([*same, keys, frames, data], names=["capture", "file", "letter", "key", "frame", "data"])


def _said(capture, letter, frames, data):
    same = [pa.array([value] * len(data), kind) for value, kind in ((capture, pa.int32()), (letter, pa.string()))]
    return pa.record_batch([*same, frames, data], names=["capture", "letter", "frame", "data"])


def _plans(segments, captures, reports):
    """What is known of each capture that can be tracked in shards; the others' reports say why they cannot."""
    facts = {}
    for row in segments.where("letter = 'F'").select("capture", "file", "data").collect():
        facts.setdefault(row.capture, {})[row.file] = json.loads(bytes(row.data))
    plans = {}
    for at, files in enumerate(captures):
        found, report = facts.get(at, {}), reports[at]
        for number, path in enumerate(files):
            if found[number].get("error"):
                report["broken"][path] = found[number]["error"]
            if found[number].get("damaged"):
                report["damaged"] += found[number]["faults"]
        good = {number: fact for number, fact in sorted(found.items()) if not fact.get("lost")}
        plan, doubt = _plan([files[number] for number in good], good)
        if doubt:
            report.update(how="whole", why=doubt)
        elif plan:
            plans[at] = plan
    return plans


def _plan(paths, facts):
    doubts = [fact["doubt"] for fact in facts.values() if fact["doubt"]]
    order = sorted((number for number in facts if facts[number]["frames"]), key=lambda number: facts[number]["first_ts"])
    pairs = zip(order, order[1:])
    if any(facts[one]["last_ts"] > facts[next]["first_ts"] for one, next in pairs):
        doubts.append("files overlap in time")
    if doubts or not any(fact["segments"] for fact in facts.values()):
        return None, next(iter(doubts), None)
    before, interfaces, interface = {}, {}, 0
    for number, fact in facts.items():
        interfaces[number] = interface
        interface += fact["interfaces"]
    sums = dict.fromkeys(("frames", "bare", "data"), 0)
    for number in order:
        before[number] = {**sums, "interfaces": interfaces[number]}
        for name in sums:
            sums[name] += facts[number][name]
    times = [facts[number] for number in order if facts[number]["started"] is not None]
    ended = max(fact["ended"] for fact in times)
    return {"source": _named(paths), "started": times[0]["started"], "ended": ended, "files": before, "order": order}, None


def _replay(spark, segments, plans, reports, out, partitions):
    """Tracks the captures with these plans in shards, until what the shards hear of each other is what they say. Gives the passes that
    hold each capture's rows."""
    from pyspark import StorageLevel
    from pyspark.sql import functions

    # Files count by time, whatever their order on the command line.
    ranks = [(at, number, rank) for at, plan in plans.items() for rank, number in enumerate(plan["order"])]
    if not ranks:
        return {}
    order = functions.broadcast(spark.createDataFrame(ranks, "capture int, file int, rank int"))
    shards = segments.where("letter = 'S'").join(order, ["capture", "file"]).select("capture", "rank", "frame", "key", "data")
    shards = shards.repartition(partitions, "capture", "key").sortWithinPartitions("capture", "rank", "frame")
    shards = shards.persist(StorageLevel.DISK_ONLY)
    contexts, last, left = {at: b"" for at in plans}, {}, set(plans)
    for turn in range(1, MAX_PASSES + 1):
        shared = spark.sparkContext.broadcast((plans, {at: contexts[at] for at in left}, turn))
        said = shards.where(functions.col("capture").isin(*left)).mapInArrow(_replayer(shared, out), SAID).collect()
        # What is said of other shards' frames may be said by several.
        logs, doubts = defaultdict(set), defaultdict(set)
        for row in said:
            (logs if row.letter == "L" else doubts)[row.capture].add((row.frame, bytes(row.data)))
        settled = {}
        for at in left:
            context = b"".join(data for _, data in sorted(logs[at]))
            reports[at].update(passes=turn, context_bytes=len(context))
            if context == contexts[at]:
                settled[at] = sorted(data.decode() for _, data in doubts[at])
            contexts[at] = context
        for at, doubts in settled.items():
            last[at] = turn
            if doubts:
                reports[at].update(how="whole", why=doubts[0])
        left -= set(settled)
        shared.unpersist()
        if not left:
            break
    for at in left:
        reports[at].update(how="whole", why="its shards did not settle")
    shards.unpersist()
    return last


def _replayer(shared, out):
    def replay(batches):
        from pyspark import TaskContext

        plans, contexts, turn = shared.value
        shard = TaskContext.get().partitionId()
        shards = _Shards(batches)
        while (at := shards.next_capture()) is not None:
            with tempfile.TemporaryDirectory() as folder:
                for name, data in (("plan", json.dumps(plans[at]).encode()), ("context", contexts[at])):
                    with open(f"{folder}/{name}", "wb") as file:
                        file.write(data)
                arguments = ["replay", "--plan", f"{folder}/plan", "--context", f"{folder}/context"]
                rows = _Parts(out, f"_staging/{turn}", f"{at}-{shard}") if turn > 1 else None
                for letter, data in blocks(arguments + ([] if rows else ["--no-rows"]), shards.feed):
                    if letter in TABLES:
                        rows.add(letter, data)
                    elif letter == "L":
                        _, _, frames, entries = _columns(data)
                        yield _said(at, letter, frames, entries)
                    else:
                        yield _said(at, letter, pa.array([0]), pa.array([data], pa.binary()))
                if rows:
                    rows.close()

    return replay


class _Shards:
    """A task's segments, one capture after the other."""

    def __init__(self, batches):
        self.batches, self.rest = iter(batches), None

    def next_capture(self):
        """The capture that comes next; none at the end."""
        while self.rest is None or not self.rest.num_rows:
            self.rest = next(self.batches, None)
            if self.rest is None:
                return None
        return self.rest.column("capture")[0].as_py()

    def feed(self, stdin):
        """Writes the segments of that capture, and their end."""
        capture = self.next_capture()
        while self.next_capture() == capture:
            same = pa.compute.equal(self.rest.column("capture"), capture)
            # They are sorted: those of this capture stand first.
            rows = pa.compute.sum(same).as_py()
            _write(self.rest.column("data").slice(0, rows), stdin)
            self.rest = self.rest.slice(rows)
        stdin.write(END)


def _write(column, stdin):
    """Writes the bytes of a column's values, one behind the other."""
    first, last = column.offset, column.offset + len(column)
    _, ends, data = column.buffers()
    width, form = (8, "<q") if pa.types.is_large_binary(column.type) else (4, "<i")
    at = lambda row: struct.unpack_from(form, ends, row * width)[0]
    stdin.write(memoryview(data)[at(first) : at(last)])


class _Parts:
    """Parquet files of a task, of each table that it has rows of. They are there when they are complete; a task that is run again writes
    the same ones."""

    def __init__(self, out, folder, name):
        (self.place, root), self.name, self.open = out, name, {}
        self.folder = f"{root}/{folder}"

    def add(self, letter, data):
        table = pa.ipc.open_file(data).read_all()
        if letter not in self.open:
            folder = f"{self.folder}/{TABLES[letter]}"
            self.place.create_dir(folder)
            path = f"{folder}/.{self.name}-{os.getpid()}-{os.urandom(4).hex()}"
            sink = self.place.open_output_stream(path)
            writer = pyarrow.parquet.ParquetWriter(sink, table.schema, compression="zstd")
            self.open[letter] = writer, sink, path, f"{folder}/{self.name}.parquet"
        self.open[letter][0].write_table(table)

    def close(self):
        for writer, sink, path, final in self.open.values():
            writer.close()
            sink.close()
            self.place.move(path, final)


def _whole(spark, captures, reports, out, filter):
    """Tracks the captures that cannot be sharded, a task each."""
    whole = [at for at, report in enumerate(reports) if report["how"] == "whole"]
    more = ["--filter", filter] if filter else []
    files = {at: [path for path in captures[at] if path not in reports[at]["broken"]] for at in whole}

    def track(batches):
        for batch in batches:
            for row in batch.column(0).to_pylist():
                rows = _Parts(out, "_staging/whole", f"{whole[row]}-whole")
                error = b""
                try:
                    for letter, data in blocks(["whole", *files[whole[row]], *more]):
                        rows.add(letter, data)
                except Refused as refused:
                    error = str(refused).encode()
                rows.close()
                yield _said(whole[row], "W", pa.array([0]), pa.array([error], pa.binary()))

    if whole:
        for row in spark.range(len(whole), numPartitions=len(whole)).mapInArrow(track, SAID).collect():
            if row.data:
                reports[row.capture]["broken"]["all"] = bytes(row.data).decode()


def _publish(place, root, last, reports):
    """Puts the rows where they are looked for: those of each capture's last pass."""
    for table in TABLES.values():
        folder = f"{root}/{table}"
        if place.get_file_info(folder).type != pyarrow.fs.FileType.NotFound:
            place.delete_dir(folder)
        place.create_dir(folder)
        for at, report in enumerate(reports):
            turn = "whole" if report["how"] == "whole" else last.get(at)
            made = place.get_file_info(pyarrow.fs.FileSelector(f"{root}/_staging/{turn}/{table}", allow_not_found=True))
            for file in made:
                if file.base_name.startswith(f"{at}-") and file.base_name.endswith(".parquet"):
                    place.move(file.path, f"{folder}/{file.base_name}")


def _named(files):
    """What several files are called together, in rows too."""
    return files[0] if len(files) == 1 else f"{files[0]} +{len(files) - 1}"


def _tell(report, warn):
    name = _named(report["files"])
    for path, error in report["broken"].items():
        warn(f"tcpcheck: {path}: {error}; the rest is there")
    for fault in report["damaged"]:
        warn(f"tcpcheck: {fault}")
    if report["how"] == "whole":
        warn(f"tcpcheck: {name}: tracked by one task, since {report['why']}")


def files_of(capture):
    """The files of a capture: a file, a directory or a glob."""
    found = glob.glob(f"{capture}/*") if os.path.isdir(capture) else glob.glob(capture) or [capture]
    return sorted(path for path in found if not os.path.isdir(path))


def main():
    parser = argparse.ArgumentParser(prog="python -m tcpcheck.spark", description=__doc__.splitlines()[0])
    parser.add_argument("captures", metavar="CAPTURE", nargs="+", help="a file, or a directory or glob of files that are one capture")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER", help="where the tables go")
    parser.add_argument("--partitions", type=int, help="tasks that track segments (default: two a core)")
    parser.add_argument("--filter", help="only packets that this pcap filter expression takes")
    typed = parser.parse_args()
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("tcpcheck").getOrCreate()
    captures = [files_of(capture) for capture in typed.captures]
    reports = analyse(spark, captures, typed.output, typed.partitions, typed.filter)
    return 2 if any(report["broken"] or report["damaged"] for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
