"""What operators see: metrics, health, the log, and the files; and what they must not see."""

import json
import re
import stat
import unittest

import grpc

import harness
import process
import sample
import wire

SERVING = b"\x08\x01"


class OperatorTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.run1 = sample.first_run(50)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)

    def raw_call(self, method, request):
        """The answer's bytes of a call without a credential."""
        with grpc.insecure_channel(self.service.address) as channel:
            call = channel.unary_unary(method, None, None)
            return call(request, timeout=process.DEADLINE)

    def test_metrics_tell_what_the_run_told(self):
        """/metrics has the counts of the report, in Prometheus' format."""
        self.start_service(harness.Tenant(self.mock))
        total = sample.count_values(self.run1)
        self.push(self.file)
        self.push(self.file)
        metric = self.service.metric
        self.assertEqual(metric("peaksync_updates_received_total", tenant="acme"), 100)
        self.assertEqual(metric("peaksync_values_received_total", tenant="acme"), 2 * total)
        for state in ("confirmed", "unchanged"):
            self.assertEqual(metric("peaksync_values_total", tenant="acme", state=state), total)
        sent = metric("peaksync_braze_requests_total", tenant="acme", outcome="accepted")
        self.assertEqual(sent, self.mock.stats()["requests"])
        self.assertEqual(metric("peaksync_runs_total", tenant="acme", state="completed"), 2)
        self.assertEqual(metric("peaksync_waiting_values", tenant="acme"), 0)
        self.assertEqual(metric("peaksync_delivery_state", tenant="acme", state="running"), 1)

    def test_health_and_readiness(self):
        """/healthz and /readyz are 200 while the service runs; other paths are 404."""
        self.start_service(harness.Tenant(self.mock))
        self.assertEqual(self.service.admin("/healthz"), (200, "ok\n"))
        self.assertEqual(self.service.admin("/readyz"), (200, "ok\n"))
        self.assertEqual(self.service.admin("/nothing")[0], 404)

    def test_grpc_health_service(self):
        """grpc.health.v1 says SERVING, for the server and the service, without a credential."""
        self.start_service(harness.Tenant(self.mock))
        name = b"peaksync.v1.SyncService"
        method = "/grpc.health.v1.Health/Check"
        self.assertEqual(self.raw_call(method, b""), SERVING)
        self.assertEqual(self.raw_call(method, wire.field(1, name)), SERVING)
        with self.assertRaises(grpc.RpcError) as caught:
            self.raw_call(method, wire.field(1, b"no.such.Service"))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_grpc_reflection(self):
        """Tools such as grpcurl find the service without its .proto files."""
        self.start_service(harness.Tenant(self.mock))
        with grpc.insecure_channel(self.service.address) as channel:
            method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
            call = channel.stream_stream(method, None, None)
            [answer] = call(iter([wire.field(7, b"")]), timeout=process.DEADLINE)
        self.assertIn(b"peaksync.v1.SyncService", answer)

    def test_ledger_is_for_its_owner_only(self):
        """The folder is 0700, its files 0600: they hold customers' data."""
        self.start_service(harness.Tenant(self.mock))
        self.push(self.file)
        ledger = self.folder / "ledger"
        self.assertEqual(stat.S_IMODE(ledger.stat().st_mode), 0o700)
        files = list(ledger.iterdir())
        self.assertIn(ledger / "acme.db", files)
        for file in files:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)


class SecrecyTest(harness.EndToEndTest):
    def test_log_and_metrics_hold_no_secret_and_no_personal_data(self):
        """Keys, tokens, identifiers and values stay out of both, whatever goes wrong."""
        braze = self.start_mock("--api-key", "the-right-key")
        tenant = harness.Tenant(braze, token="planted-token-0123456789", key="planted-key-012345")
        self.start_service(tenant)
        ours = {"PEAKSYNC_TOKEN": tenant.token}
        file = self.write("scores.csv", self.rows("plan", "planted-value-1"))
        self.push(file, "--pause-timeout", "1s", status=1, env=ours)  # 401: echoes the key.
        wrong = {"PEAKSYNC_TOKEN": "planted-wrong-token"}
        self.push(file, status=4, env=wrong)
        self.push(file, "--tenant", "planted-tenant", status=4, env=ours)
        invalid = self.write("invalid.csv", self.rows("plan", "planted-value-" + "x" * 300))
        self.push(invalid, status=5, env=ours)
        field = self.write("field.csv", self.rows("email_subscribe", "planted-value-2"))
        self.push(field, status=5, env=ours)
        texts = [self.service.log.read_text(), self.service.admin("/metrics")[1]]

        tenant.key = "the-right-key"
        self.restart_service()
        faults = ["object-error,external_id=planted-customer-2,count=1", "status=500,count=1"]
        braze.post("/_mock/faults", {"faults": faults + ["reject-all,count=1"]})
        self.push(file, "--full", status=3, env=ours)
        self.stub_calls(tenant.token)
        texts += [self.service.log.read_text(), self.service.admin("/metrics")[1]]
        self.assertEqual(self.service.terminate(), 0)
        texts.append(self.service.log.read_text())
        for text in texts:
            self.assertNotRegex(text, "planted|the-right-key|Bearer")

    def rows(self, column, value):
        head = f"external_id,{column},scored_at\n"
        return head + "".join(
            f"planted-customer-{number},{value},{sample.TIME_1}\n" for number in range(5)
        )

    def stub_calls(self, token):
        """Requests with planted contents that only a hand-made client sends."""
        with grpc.insecure_channel(self.service.address) as channel:
            bad = wire.batch(1, wire.update("planted-customer", plan="planted"))
            raw = bad.SerializeToString().replace(b"planted-customer", b"planted-custome\xff")
            stream = wire.Stream(channel, token).send(wire.start("planted-source"), raw)
            stream.end()

    def test_every_line_of_the_log_is_json_with_time_level_and_message(self):
        """A log collector needs no rule for it."""
        mock = self.start_mock("--fault", "status=503,count=1")
        self.start_service(harness.Tenant(mock, name="acme"))
        self.push(self.write("scores.csv", self.rows("plan", "x")))
        self.assertEqual(self.service.terminate(), 0)
        lines = self.service.log.read_text().splitlines()
        self.assertGreaterEqual(len(lines), 3)
        for line in lines:
            document = json.loads(line)
            self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", document["time"]), line)
            self.assertIn(document["level"], ("info", "warn", "error"))
            self.assertTrue(document["message"])


if __name__ == "__main__":
    unittest.main()
