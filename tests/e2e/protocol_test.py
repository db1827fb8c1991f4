"""Streams that no client of ours would open: a clear error, and nothing else is harmed."""

import unittest

from grpc import StatusCode

import wire
from protocol_case import ProtocolTest


class OrderTest(ProtocolTest):
    def test_batch_out_of_sequence(self):
        """A gap is INVALID_ARGUMENT with the expected number; the run goes on from there."""
        stream, started = self.open()
        self.assertEqual(started.next_sequence, 1)
        stream.send(wire.batch(1, wire.update("1", plan="a")))
        stream.wait_for_ack(1)
        stream.send(wire.batch(3, wire.update("3", plan="c")))
        self.check_end(stream, StatusCode.INVALID_ARGUMENT, "batch 3", "expected 2")
        again, resumed = self.open(run_id=started.run_id)
        self.assertEqual(resumed.next_sequence, 2)
        again.send(wire.batch(2, wire.update("2", plan="b")))
        run = self.finish(again, started.run_id)
        self.assertEqual((run.updates.received, run.values.confirmed), (2, 2))
        self.assertIsNone(self.mock.user("3"))

    def test_first_message_is_no_start(self):
        """A batch or finish before start."""
        for first in (wire.batch(1, wire.update("1", plan="a")), wire.finish()):
            with self.subTest(first=first.WhichOneof("message")):
                stream = self.stream().send(first)
                self.check_end(stream, StatusCode.INVALID_ARGUMENT, "before start")

    def test_second_start(self):
        """start is the first message and no other."""
        stream, _ = self.open()
        stream.send(wire.start())
        self.check_end(stream, StatusCode.INVALID_ARGUMENT, "start came twice")

    def test_empty_message(self):
        """A message with neither start, batch nor finish."""
        stream, _ = self.open()
        stream.send(wire.messages.StreamUpdatesRequest())
        self.check_end(stream, StatusCode.INVALID_ARGUMENT, "neither start, batch nor finish")

    def test_batch_after_finish_counts_nothing(self):
        """The run ends with what came before finish."""
        stream, started = self.open()
        stream.send(wire.batch(1, wire.update("1", plan="a")), wire.finish())
        stream.send(wire.batch(2, wire.update("2", plan="b")))
        stream.end()
        run = self.wait_for_run(started.run_id)
        self.assertEqual((run.updates.received, run.last_sequence), (1, 1))
        self.assertIsNone(self.mock.user("2"))

    def test_resume_of_a_run_that_is_received(self):
        """A lost answer to finish can be asked for again; the run takes nothing more."""
        stream, started = self.open()
        first = wire.batch(1, wire.update("1", plan="a"))
        stream.send(first)
        done = self.finish(stream, started.run_id)
        again, resumed = self.open(run_id=started.run_id)
        self.assertEqual(resumed.next_sequence, 2)
        again.send(first)
        again.wait_for_ack(1)
        self.assertEqual(self.finish(again, started.run_id).values, done.values)
        late, _ = self.open(run_id=started.run_id)
        late.send(wire.batch(2, wire.update("2", plan="b")))
        self.check_end(late, StatusCode.FAILED_PRECONDITION, started.run_id, "last batch was 1")
        self.assertIsNone(self.mock.user("2"))

    def test_stream_without_finish(self):
        """Never OK: a message that gRPC cannot parse looks like that, so UTF-8 is asked about."""
        stream, started = self.open()
        stream.send(wire.batch(1, wire.update("1", plan="a"))).close()
        self.check_end(stream, StatusCode.INVALID_ARGUMENT, "before finish", "UTF-8")
        run = self.get_run(started.run_id)
        self.assertEqual(run.state, wire.sync_run.SYNC_RUN_STATE_OPEN)
        self.assertEqual(run.updates.received, 1)

    def test_stream_that_ends_at_once(self):
        """No message at all."""
        self.check_end(self.stream().close(), StatusCode.INVALID_ARGUMENT, "before finish")


class RunTest(ProtocolTest):
    def test_same_request_id_finds_the_same_run(self):
        """A lost answer to start leaves no second run behind."""
        stream, started = self.open(request_id="request-1")
        stream.cancel()
        again, found = self.open(request_id="request-1")
        self.assertEqual(found.run_id, started.run_id)
        self.finish(again, found.run_id)
        runs = self.call("ListSyncRuns").runs
        self.assertEqual([run.run_id for run in runs], [started.run_id])

    def test_second_stream_for_an_open_run_is_aborted(self):
        """It is told the run_id; the first stream goes on."""
        stream, started = self.open()
        other = self.stream().send(wire.start())
        self.check_end(other, StatusCode.ABORTED, started.run_id, "churn")
        stream.send(wire.batch(1, wire.update("1", plan="a")))
        self.assertEqual(self.finish(stream, started.run_id).values.confirmed, 1)

    def test_other_source_is_no_hindrance(self):
        """At most one open run is meant per source."""
        first, one = self.open(source="churn")
        second, two = self.open(source="clv")
        self.finish(first, one.run_id)
        self.finish(second, two.run_id)

    def test_older_stream_is_displaced_by_a_resume(self):
        """The newer stream has the run; the older one ends with ABORTED."""
        old, started = self.open()
        old.send(wire.batch(1, wire.update("1", plan="a")))
        old.wait_for_ack(1)
        new, resumed = self.open(run_id=started.run_id)
        self.check_end(old, StatusCode.ABORTED, "newer stream")
        self.assertEqual(resumed.next_sequence, 2)
        new.send(wire.batch(2, wire.update("2", plan="b")))
        self.assertEqual(self.finish(new, started.run_id).values.confirmed, 2)

    def test_repeated_batch_counts_nothing_and_lists_its_invalid_updates_again(self):
        """The acknowledgement may have been lost with the stream."""
        bad = wire.batch(1, wire.update("1", plan="a"), wire.update("2", plan="x" * 300))
        stream, started = self.open()
        [first] = stream.send(bad).wait_for_ack(1)
        stream.cancel()
        again, resumed = self.open(run_id=started.run_id)
        self.assertEqual(resumed.next_sequence, 2)
        [second] = again.send(bad).wait_for_ack(1)
        self.assertEqual(list(second.invalid), list(first.invalid))
        [invalid] = second.invalid
        self.assertEqual((invalid.sequence, invalid.index, invalid.field), (1, 1, "plan"))
        self.assertEqual(second.updates.received, 2)
        run = self.finish(again, started.run_id)
        self.assertEqual((run.values.received, run.values.invalid), (2, 1))

    def test_run_that_is_not_there(self):
        """Resuming, getting and watching an unknown run are NOT_FOUND."""
        stream = self.stream().send(wire.start(run_id="01aaaaaaaaaaaaaaaaaaaaaaaa"))
        self.check_end(stream, StatusCode.NOT_FOUND, "01aaaaaaaaaaaaaaaaaaaaaaaa")
        request = wire.messages.GetSyncRunRequest(run_id="nothing")
        self.assertEqual(self.call("GetSyncRun", request)[0], StatusCode.NOT_FOUND)

    def test_run_of_another_source(self):
        """A run is resumed with its own source only."""
        stream, started = self.open(source="churn")
        stream.cancel()
        other = self.stream().send(wire.start(source="clv", run_id=started.run_id))
        self.check_end(other, StatusCode.INVALID_ARGUMENT, "churn", "clv")

    def test_source_name(self):
        """Names are checked, and the error says what they may be."""
        for name in ("", "Churn", "-churn", "a" * 64, "a b"):
            with self.subTest(name=name):
                stream = self.stream().send(wire.start(source=name))
                self.check_end(stream, StatusCode.INVALID_ARGUMENT, "start.source", "1 to 63")

    def test_modes_to_come(self):
        """PLAN and SNAPSHOT are UNIMPLEMENTED, by name; other numbers are INVALID_ARGUMENT."""
        for mode in ("SYNC_MODE_PLAN", "SYNC_MODE_SNAPSHOT"):
            stream = self.stream().send(wire.start(mode=mode))
            self.check_end(stream, StatusCode.UNIMPLEMENTED, mode)
        self.check_end(self.stream().send(wire.start(mode=99)), StatusCode.INVALID_ARGUMENT, "mode")
        self.assertEqual(len(self.call("ListSyncRuns").runs), 0)

    def test_expected_tenant(self):
        """It never selects a tenant: another one than the credential's is PERMISSION_DENIED."""
        stream = self.stream().send(wire.start(expected_tenant="bolt"))
        self.check_end(stream, StatusCode.PERMISSION_DENIED, "bolt")
        stream, started = self.open(expected_tenant="acme")
        self.assertEqual((started.tenant, started.workspace), ("acme", "acme-test"))
        self.finish(stream, started.run_id)

    def test_credential(self):
        """A wrong token, an empty one and none are UNAUTHENTICATED, in streams and calls."""
        for metadata in (wire.bearer("wrong"), wire.bearer(""), ()):
            request = wire.messages.ListSourcesRequest()
            with self.assertRaises(Exception) as caught:
                self.stub.ListSources(request, metadata=metadata, timeout=60)
            self.assertEqual(caught.exception.code(), StatusCode.UNAUTHENTICATED)
            with self.assertRaises(Exception) as caught:
                list(self.stub.StreamUpdates(iter([wire.start()]), metadata=metadata, timeout=60))
            self.assertEqual(caught.exception.code(), StatusCode.UNAUTHENTICATED)


if __name__ == "__main__":
    unittest.main()
