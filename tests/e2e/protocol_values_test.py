"""What a batch may hold, and the calls beside the stream."""

import json
import unittest

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

import wire
from protocol_case import ProtocolTest

MIB = 1 << 20


class LimitsTest(ProtocolTest):
    def check_batch_refused(self, message, code, *words):
        """The stream ends so, and the run goes on without the batch."""
        stream, started = self.open()
        stream.send(message)
        self.check_end(stream, code, *words)
        again, resumed = self.open(run_id=started.run_id)
        self.assertEqual(resumed.next_sequence, 1)
        run = self.finish(again, started.run_id)
        self.assertEqual(run.updates.received, 0)

    def padded(self, size):
        """A batch of about so many bytes."""
        attributes = {f"a{i}": "x" * 200 for i in range(100)}
        updates = [wire.update(str(number), **attributes) for number in range(50)]
        one = len(updates[0].SerializeToString())
        count = size // one + 1
        return wire.batch(1, *(updates[n % 50] for n in range(count)))

    def test_batch_of_5001_updates(self):
        """5,000 are allowed; one more is INVALID_ARGUMENT with both numbers."""
        updates = [wire.update(str(number), ok=True) for number in range(5_001)]
        code = StatusCode.INVALID_ARGUMENT
        self.check_batch_refused(wire.batch(1, *updates), code, "batch 1", "5001", "5000")
        stream, started = self.open()
        stream.send(wire.batch(1, *updates[:5_000]))
        self.assertEqual(self.finish(stream, started.run_id).values.confirmed, 5_000)

    def test_empty_batch(self):
        """A batch without updates."""
        self.check_batch_refused(wire.batch(1), StatusCode.INVALID_ARGUMENT, "no updates")

    def test_batch_over_4_mib(self):
        """Below 8 MiB the error is ours, and says the size and the limit."""
        big = self.padded(5 * MIB)
        size = str(len(big.SerializeToString()))[:3]
        self.check_batch_refused(big, StatusCode.INVALID_ARGUMENT, "4194304", size)

    def test_message_over_8_mib(self):
        """Beyond 8 MiB the error is gRPC's."""
        self.check_batch_refused(self.padded(9 * MIB), StatusCode.RESOURCE_EXHAUSTED)

    def test_invalid_utf8_on_the_wire(self):
        """gRPC cannot parse the message: INVALID_ARGUMENT, and UTF-8 is asked about."""
        good = wire.batch(1, wire.update("1", plan="MARK")).SerializeToString()
        bad = good.replace(b"MARK", b"\xff\xfe\xfd\xfc")
        self.check_batch_refused(bad, StatusCode.INVALID_ARGUMENT, "UTF-8")

    def test_message_that_is_no_protobuf(self):
        """Rubbish ends the stream, not the service."""
        self.check_batch_refused(b"\xff" * 100, StatusCode.INVALID_ARGUMENT, "before finish")

    def test_100000_deep_nesting(self):
        """A message made to exhaust the stack is refused as one that cannot be parsed."""
        chunks, size = [], 0
        for _ in range(100_000):
            for number in (1, 7):  # Value.list_value holds ListValue.values.
                head = bytes([number << 3 | 2]) + wire.varint(size)
                chunks.append(head)
                size += len(head)
        deep = b"".join(reversed(chunks))
        attribute = wire.field(1, b"deep") + wire.field(2, deep)
        update = wire.field(1, wire.field(1, b"1")) + wire.field(2, attribute)
        batch = b"\x08\x01" + wire.field(2, update)
        message = wire.field(2, batch)
        self.check_batch_refused(message, StatusCode.INVALID_ARGUMENT)


class InvalidUpdatesTest(ProtocolTest):
    def refuse(self, *updates):
        """What the ack says of them; a good update behind them arrives all the same."""
        stream, started = self.open()
        stream.send(wire.batch(1, *updates, wire.update("good", ok=True)))
        [ack] = stream.wait_for_ack(1)
        run = self.finish(stream, started.run_id)
        self.assertEqual(run.updates.changed, 1)
        self.assertEqual(self.mock.user("good"), {"ok": True})
        self.assertEqual(len(self.mock.users()), 1)
        self.assertEqual({invalid.index for invalid in ack.invalid}, set(range(len(updates))))
        return list(ack.invalid)

    def test_operations_that_braze_would_execute(self):
        """inc, add, remove and $-keys hidden in objects, at any depth."""
        nested = {"list": [{"inner": {"$add": [1]}}]}
        objects = ({"inc": 1}, {"add": ["x"]}, {"remove": ["x"]}, {"$update": []}, nested)
        refused = self.refuse(*(wire.update("1", visits=given) for given in objects))
        for invalid in refused:
            self.assertEqual(invalid.field, "visits")
            self.assert_words(invalid.reason, "execute")

    def test_depth_of_33(self):
        """Values may nest 32 levels."""
        deep = "x"
        for _ in range(33):
            deep = [deep]
        [invalid] = self.refuse(wire.update("1", deep=deep))
        self.assert_words(invalid.reason, "32")

    def test_identifiers(self):
        """Each update without a usable identifier is named by its place."""
        nobody = wire.customer.CustomerUpdate(attributes=wire.update("x", ok=True).attributes)
        empty, long = wire.update("", ok=True), wire.update("x" * 988, ok=True)
        refused = self.refuse(nobody, empty, long)
        self.assertEqual([invalid.field for invalid in refused], ["customer"] * 3)
        self.assert_words(refused[0].reason, "names no customer")
        self.assert_words(refused[1].reason, "empty")
        self.assert_words(refused[2].reason, "987")

    def test_names(self):
        """Names of identifiers, with a leading _, of profile fields, too long, twice, none."""

        def named(name):
            made = wire.update("1", name="x")
            made.attributes[0].name = name
            return made

        names = ("external_id", "braze_id", "user_alias", "_hidden", "email_subscribe", "x" * 256)
        updates = [named(name) for name in (*names, "")]
        twice = wire.update("1", plan="a")
        twice.attributes.append(twice.attributes[0])
        refused = self.refuse(*updates, twice)
        for name, invalid in zip(names[:5], refused):
            self.assertEqual(invalid.field, name)
        self.assert_words(refused[-1].reason, "twice")

    def test_numbers_that_are_not_finite(self):
        """NaN and infinities."""
        given = (float("nan"), float("inf"), float("-inf"))
        for invalid in self.refuse(*(wire.update("1", score=number) for number in given)):
            self.assert_words(invalid.reason, "not finite")

    def test_times(self):
        """A time beyond the service's clock, and one that is none."""
        ahead, broken = wire.update("1", plan="a"), wire.update("2", plan="b")
        ahead.updated_at.GetCurrentTime()
        ahead.updated_at.seconds += 3600
        broken.updated_at.CopyFrom(Timestamp(seconds=1, nanos=-1))
        refused = self.refuse(ahead, broken)
        self.assertEqual([invalid.field for invalid in refused], ["updated_at"] * 2)
        self.assert_words(refused[0].reason, "10 minutes")

    def test_update_without_attributes_and_with_too_many(self):
        """1 to 250 attributes."""
        many = wire.update("1", **{f"a{number}": number for number in range(251)})
        self.assert_words(self.refuse(many)[0].reason, "251", "250")

    def test_reasons_do_not_repeat_values(self):
        """What was refused may be personal: reasons name the attribute, not the value."""
        secret = "planted-value-" + "x" * 300
        [invalid] = self.refuse(wire.update("1", plan=secret))
        self.assertNotIn("planted", invalid.reason)

    def test_values_travel_exactly(self):
        """Numbers, texts and booleans reach Braze as they were given."""
        exact = {
            "big": 9007199254740993,
            "small": -(2**63),
            "third": 1 / 3,
            "whole": 14.0,
            "text": '1 "ż" \\ \n \U0001f600',
            "empty": "",
            "yes": True,
            "no": False,
            "zero": 0,
            "list": [3, 1, 2, 1.5, "x"],
            "object": {"b": 1, "a": [True, {"c": "d"}]},
        }
        stream, started = self.open()
        stream.send(wire.batch(1, wire.update("1", **exact)))
        self.assertEqual(self.finish(stream, started.run_id).values.confirmed, len(exact))
        self.assertEqual(
            json.dumps(self.mock.user("1"), sort_keys=True),
            json.dumps(exact, sort_keys=True),
        )


class CallsTest(ProtocolTest):
    def test_calls_to_come(self):
        """Every other call of the service is UNIMPLEMENTED, not a crash."""
        calls = (
            "ExplainCustomer ForgetCustomer PauseDelivery ResumeDelivery "
            "UnsetAttribute CheckDelivery"
        )
        for method in calls.split():
            with self.subTest(method=method):
                self.assertEqual(self.call(method)[0], StatusCode.UNIMPLEMENTED)
        with self.assertRaises(Exception) as caught:
            request = wire.messages.VerifyCustomersRequest()
            list(self.stub.VerifyCustomers(request, metadata=wire.bearer(self.token), timeout=60))
        self.assertEqual(caught.exception.code(), StatusCode.UNIMPLEMENTED)

    def test_pages_of_runs(self):
        """Pages hold every run once, newest first; each source's alone too."""
        made = []
        for number in range(5):
            stream, started = self.open(source=("churn", "clv")[number % 2])
            self.finish(stream, started.run_id)
            made.insert(0, started.run_id)
        request = wire.messages.ListSyncRunsRequest(page_size=2)
        pages = []
        while True:
            page = self.call("ListSyncRuns", request)
            pages.append([run.run_id for run in page.runs])
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        self.assertEqual(pages, [made[0:2], made[2:4], made[4:5]])
        of_source = self.call("ListSyncRuns", wire.messages.ListSyncRunsRequest(source="clv"))
        self.assertEqual([run.run_id for run in of_source.runs], [made[1], made[3]])

    def test_page_token_that_is_not_ours(self):
        """It is refused, and the message names the field."""
        for method in ("ListSyncRuns", "ListSources"):
            with self.subTest(method=method):
                request = getattr(wire.messages, f"{method}Request")(page_token="not ours")
                answer = self.call(method, request)
                self.assertIsInstance(answer, tuple, "the token was taken")
                self.assertEqual(answer[0], StatusCode.INVALID_ARGUMENT)
                self.assert_words(answer[1], "page_token")

    def test_pages_of_sources(self):
        """Sources come by name, page by page."""
        for source in ("nbo", "churn", "clv"):
            stream, started = self.open(source=source)
            self.finish(stream, started.run_id)
        first = self.call("ListSources", wire.messages.ListSourcesRequest(page_size=2))
        self.assertEqual([source.name for source in first.sources], ["churn", "clv"])
        request = wire.messages.ListSourcesRequest(page_size=2, page_token=first.next_page_token)
        second = self.call("ListSources", request)
        self.assertEqual([source.name for source in second.sources], ["nbo"])
        self.assertEqual(second.next_page_token, "")

    def test_set_source_cursor(self):
        """The cursor goes anywhere, also away; what is no time or no source is refused."""
        stream, started = self.open(source="churn")
        self.finish(stream, started.run_id)
        make = wire.messages.SetSourceCursorRequest
        for seconds in (1_800_000_000, 1_700_000_000):
            cursor = Timestamp(seconds=seconds)
            answer = self.call("SetSourceCursor", make(source="churn", cursor=cursor))
            self.assertEqual(answer.source.cursor.seconds, seconds)
            request = wire.messages.GetLastSyncRequest(source="churn")
            self.assertEqual(self.call("GetLastSync", request).cursor.seconds, seconds)
        answer = self.call("SetSourceCursor", make(source="churn"))
        self.assertFalse(answer.source.HasField("cursor"))
        self.assertEqual(answer.source.last_completed_run.run_id, started.run_id)
        bad = self.call("SetSourceCursor", make(source="churn", cursor=Timestamp(nanos=-1)))
        self.assertEqual(bad[0], StatusCode.INVALID_ARGUMENT)
        self.assert_words(bad[1], "cursor")
        missing = self.call("SetSourceCursor", make(source="chrun", cursor=Timestamp(seconds=1)))
        self.assertEqual(missing[0], StatusCode.NOT_FOUND)
        self.assert_words(missing[1], "chrun")


if __name__ == "__main__":
    unittest.main()
