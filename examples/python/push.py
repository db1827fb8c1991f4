#!/usr/bin/env python3
"""Pushes a CSV file to a PeakSync service, with nothing but the .proto files and grpcio.

    PEAKSYNC_TOKEN=... ./push.py scores.csv --source churn --id-column external_id \
        --updated-at-column scored_at --types churn_probability=double,senior=bool

An example to start from: README.md in this folder says what it does and what it leaves out.
"""

import argparse
import csv
import os
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

import grpc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
WINDOW = 8  # Batches on their way: sent and not yet acknowledged. All that is kept in memory.
TRIES = 30  # In a row, without any progress.
BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)  # Safe to go on afterwards.


def generate():
    """Imports the messages and the stub, made from the .proto files.

    A program of your own runs protoc once, and keeps what it makes.
    """
    folder = tempfile.mkdtemp(prefix="peaksync-proto-")
    try:
        plugin = shutil.which("grpc_python_plugin")
        subprocess.run(
            ["protoc", f"--proto_path={PROTO}", f"--plugin=protoc-gen-grpc_python={plugin}"]
            + [f"--python_out={folder}", f"--grpc_python_out={folder}"]
            + [str(file) for file in PROTO.glob("peaksync/v1/*.proto")],
            check=True,
        )
        sys.path.insert(0, folder)
        from peaksync.v1 import customer_pb2, sync_run_pb2, sync_service_pb2, sync_service_pb2_grpc
    finally:
        shutil.rmtree(folder)
    return customer_pb2, sync_run_pb2, sync_service_pb2, sync_service_pb2_grpc


customers, runs, messages, service = generate()


def read_value(cell, kind):
    """A cell as the value that its column's type says."""
    if kind == "bool":
        return customers.Value(bool_value={"true": True, "false": False}[cell.lower()])
    if kind == "integer":
        return customers.Value(int64_value=int(cell))
    if kind == "double":
        return customers.Value(double_value=float(cell))
    return customers.Value(string_value=cell)


def read_updates(args):
    """The file's rows as updates. An empty cell leaves its attribute alone."""
    with open(args.file, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file, strict=True):
            update = customers.CustomerUpdate()
            update.customer.external_id = row.pop(args.id_column)
            if args.updated_at_column:
                update.updated_at.FromJsonString(row.pop(args.updated_at_column))
            for name, cell in row.items():
                if cell:
                    value = read_value(cell, args.types.get(name, "string"))
                    update.attributes.append(customers.Attribute(name=name, value=value))
            if update.attributes:
                yield update


def read_batches(args):
    """Batches with their sequence: 1, 2, 3 …"""
    batch = messages.UpdateBatch(sequence=1)
    for update in read_updates(args):
        batch.updates.append(update)
        if len(batch.updates) == args.batch_size:
            yield batch
            batch = messages.UpdateBatch(sequence=batch.sequence + 1)
    if batch.updates:
        yield batch


def persist(attempt, made_progress):
    """Calls `attempt` until it returns; goes on after a broken connection."""
    failures = 0
    while True:
        try:
            return attempt()
        except grpc.RpcError as error:
            failures = 1 if made_progress() else failures + 1
            if error.code() not in BROKEN or failures > TRIES:
                raise
            print(f"connection lost ({error.details()}); trying again", file=sys.stderr)
            time.sleep(random.uniform(0, min(5.0, 0.2 * 2**failures)))


class Push:
    """One run, through any number of streams."""

    def __init__(self, stub, metadata, args):
        self.stub, self.metadata = stub, metadata
        self.batches = read_batches(args)
        self.unacknowledged = {}  # sequence -> batch, to be sent again after a broken stream.
        self.progress = False
        # The request_id finds the run again when even the answer to `start` was lost.
        request_id = str(uuid.uuid4())
        self.start = messages.StreamStart(
            source=args.source,
            request_id=request_id,
            expected_tenant=args.tenant,
            client="examples/python",
        )

    def made_progress(self):
        made, self.progress = self.progress, False
        return made

    def stream(self):
        """One stream, from `start` or where the last one broke, to `finished`; the run."""
        outgoing = queue.SimpleQueue()
        call = self.stub.StreamUpdates(iter(outgoing.get, None), metadata=self.metadata)
        try:
            outgoing.put(messages.StreamUpdatesRequest(start=self.start))
            self.start.run_id = next(call).started.run_id
            # Batches that are durable already are acknowledged again and counted once.
            for batch in self.unacknowledged.values():
                outgoing.put(messages.StreamUpdatesRequest(batch=batch))
            while self.fill_window(outgoing):
                self.take(next(call).ack)
            outgoing.put(messages.StreamUpdatesRequest(finish=messages.StreamFinish()))
            return next(call).finished.run
        finally:
            outgoing.put(None)
            call.cancel()

    def fill_window(self, outgoing):
        """Sends while the window has room. False when everything is acknowledged."""
        while len(self.unacknowledged) < WINDOW:
            batch = next(self.batches, None)
            if batch is None:
                break
            self.unacknowledged[batch.sequence] = batch
            outgoing.put(messages.StreamUpdatesRequest(batch=batch))
        return bool(self.unacknowledged)

    def take(self, ack):
        """Everything up to the ack's sequence is on the service's disk."""
        self.progress = True
        for sequence in [known for known in self.unacknowledged if known <= ack.sequence]:
            del self.unacknowledged[sequence]
        for invalid in ack.invalid:
            place = f"batch {invalid.sequence}, update {invalid.index}"
            print(f"{place}: {invalid.field}: {invalid.reason}", file=sys.stderr)


def watch(stub, metadata, run_id):
    """Waits until Braze has answered all of the run; the run."""
    request = messages.WatchSyncRunRequest(run_id=run_id)
    reason = ""
    for answer in stub.WatchSyncRun(request, metadata=metadata):
        run = answer.run
        if run.delivery.reason != reason:
            reason = run.delivery.reason
            print(f"delivery: {reason or 'goes on'}", file=sys.stderr)
    return run


def show(run):
    """The report."""
    print(f"run {run.run_id} {runs.SyncRunState.Name(run.state)} {run.state_reason}".rstrip())
    for kind, counts in (("updates", run.updates), ("values", run.values)):
        for field in counts.DESCRIPTOR.fields:
            print(f"{kind:8}{field.name:12}{getattr(counts, field.name):>12}")


def open_channel(args):
    """Plaintext on this machine, TLS to any other."""
    if args.server.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]") and not args.cacert:
        return grpc.insecure_channel(args.server)
    roots = pathlib.Path(args.cacert).read_bytes() if args.cacert else None
    return grpc.secure_channel(args.server, grpc.ssl_channel_credentials(roots))


def read_types(text):
    return dict(pair.split("=") for pair in text.split(","))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--source", required=True)
    parser.add_argument("--id-column", required=True)
    parser.add_argument("--updated-at-column")
    parser.add_argument("--types", type=read_types, default={}, help="a=double,b=bool,c=integer")
    parser.add_argument("--batch-size", type=int, default=1000, help="1 to 5,000")
    parser.add_argument("--server", default=os.environ.get("PEAKSYNC_SERVER", "127.0.0.1:7443"))
    parser.add_argument("--tenant", default="", help="refuse a token of another tenant")
    parser.add_argument("--cacert", help="authorities to trust, PEM")
    args = parser.parse_args()

    metadata = (("authorization", "Bearer " + os.environ["PEAKSYNC_TOKEN"]),)
    with open_channel(args) as channel:
        stub = service.SyncServiceStub(channel)
        push = Push(stub, metadata, args)
        try:
            run = persist(push.stream, push.made_progress)
            run = persist(lambda: watch(stub, metadata, run.run_id), lambda: False)
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            return 1
    show(run)
    return 0 if run.state == runs.SYNC_RUN_STATE_COMPLETED else 3


if __name__ == "__main__":
    sys.exit(main())
