"""The base of the tests that speak the protocol themselves."""

import grpc

import harness
import wire


class ProtocolTest(harness.EndToEndTest):
    """A service with one tenant, a channel to it, and calls with the tenant's token."""

    rules = "max_invalid_percent = 100"

    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.start_service(harness.Tenant(self.mock, rules=self.rules))
        self.token = self.tenants["acme"].token
        self.channel = grpc.insecure_channel(self.service.address, options=wire.OPTIONS)
        self.addCleanup(self.channel.close)
        self.stub = wire.service.SyncServiceStub(self.channel)

    def stream(self):
        stream = wire.Stream(self.channel, self.token)
        self.addCleanup(stream.cancel)
        return stream

    def open(self, **fields):
        """A stream with its run, and the answer to `start`."""
        stream = self.stream().send(wire.start(**fields))
        return stream, stream.next()

    def call(self, method, request=None, token=None):
        """One unary call; (status, message) when it fails, else the answer."""
        if request is None:
            request = getattr(wire.messages, f"{method}Request")()
        metadata = wire.bearer(token or self.token)
        try:
            return getattr(self.stub, method)(request, metadata=metadata, timeout=60)
        except grpc.RpcError as error:
            return error.code(), error.details()

    def get_run(self, run_id):
        return self.call("GetSyncRun", wire.messages.GetSyncRunRequest(run_id=run_id)).run

    def wait_for_run(self, run_id):
        """The run when Braze has answered all of it."""
        request = wire.messages.WatchSyncRunRequest(run_id=run_id)
        metadata = wire.bearer(self.token)
        answers = list(self.stub.WatchSyncRun(request, metadata=metadata, timeout=60))
        return answers[-1].run

    def finish(self, stream, run_id):
        """Ends the run; its final state."""
        stream.send(wire.finish())
        while not isinstance(stream.next(), wire.messages.StreamFinished):
            pass
        self.assertEqual(stream.close().end()[0], grpc.StatusCode.OK)
        return self.wait_for_run(run_id)

    def check_end(self, stream, code, *words):
        """The stream ended so."""
        status, message = stream.end()
        self.assertEqual(status, code, message)
        self.assert_words(message, *words)
        return message
