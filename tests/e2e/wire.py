"""The service's protocol, spoken by hand: generated from the .proto files when first imported."""

import atexit
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile

import grpc

import process

PLUGIN = shutil.which("grpc_python_plugin")


def _generate():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="peaksync-proto-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = process.REPOSITORY / "proto"
    command = ["protoc", f"--plugin=protoc-gen-grpc_python={PLUGIN}", f"--proto_path={root}"]
    command += [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    command += sorted(str(file) for file in root.glob("peaksync/v1/*.proto"))
    subprocess.run(command, check=True, timeout=process.DEADLINE)
    sys.path.insert(0, str(folder))


_generate()
# pylint: disable=wrong-import-position
from peaksync.v1 import customer_pb2 as customer  # noqa: E402
from peaksync.v1 import sync_run_pb2 as sync_run  # noqa: E402
from peaksync.v1 import sync_service_pb2 as messages  # noqa: E402
from peaksync.v1 import sync_service_pb2_grpc as service  # noqa: E402

METHOD = "/peaksync.v1.SyncService/StreamUpdates"
OPTIONS = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def bearer(token):
    return (("authorization", f"Bearer {token}"),)


def update(external_id, **attributes):
    """An update with values of Python's types."""
    made = customer.CustomerUpdate()
    made.customer.external_id = external_id
    for name, given in attributes.items():
        made.attributes.append(customer.Attribute(name=name, value=value(given)))
    return made


def value(given):
    if given is None:
        return customer.Value(null_value=0)
    kinds = {bool: "bool_value", int: "int64_value", float: "double_value", str: "string_value"}
    if type(given) in kinds:
        return customer.Value(**{kinds[type(given)]: given})
    if isinstance(given, list):
        items = [value(item) for item in given]
        return customer.Value(list_value=customer.ListValue(values=items))
    fields = [customer.ObjectField(key=key, value=value(item)) for key, item in given.items()]
    return customer.Value(object_value=customer.ObjectValue(fields=fields))


def batch(sequence, *updates):
    made = messages.UpdateBatch(sequence=sequence, updates=updates)
    return messages.StreamUpdatesRequest(batch=made)


def start(source="churn", **fields):
    return messages.StreamUpdatesRequest(start=messages.StreamStart(source=source, **fields))


def finish(**fields):
    return messages.StreamUpdatesRequest(finish=messages.StreamFinish(**fields))


def field(number, payload):
    """A length-delimited field of the wire format, as bytes."""
    return bytes([number << 3 | 2]) + varint(len(payload)) + payload


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


class Stream:
    """One StreamUpdates call, message by message; bytes go out as they are."""

    def __init__(self, channel, token):
        self._out = queue.Queue()
        method = channel.stream_stream(
            METHOD,
            request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
            response_deserializer=messages.StreamUpdatesResponse.FromString,
        )
        outgoing = iter(self._out.get, None)
        self.call = method(outgoing, metadata=bearer(token), timeout=process.DEADLINE)

    def send(self, *sent):
        for message in sent:
            self._out.put(message)
        return self

    def close(self):
        """Half-closes: the client has nothing more to say."""
        self._out.put(None)
        return self

    def next(self):
        """The next answer's part that is set."""
        answer = next(self.call)
        return getattr(answer, answer.WhichOneof("message"))

    def wait_for_ack(self, sequence):
        """Every ack up to the one that covers the sequence."""
        acks = []
        while not acks or acks[-1].sequence < sequence:
            acks.append(self.next())
        return acks

    def end(self):
        """(status, message) after all answers were read."""
        try:
            for _ in self.call:
                pass
        except grpc.RpcError:
            pass
        finally:
            self._out.put(None)
        return self.call.code(), self.call.details()

    def cancel(self):
        self.call.cancel()
        self._out.put(None)
