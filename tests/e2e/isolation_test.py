"""A tenant's credential opens nothing of another tenant, through any call (rule 9).

Every method of the service's descriptor stands in REQUESTS, so a new one cannot be forgotten.
"""

import unittest

import grpc

import harness
import sample
import wire

MARK = "planted-of-acme"


def _customer(external_id):
    return wire.customer.Customer(external_id=external_id)


def _filter(acme):
    return wire.messages.RejectionFilter(source=acme["source"])


# How each method is asked for what is acme's: its run, its source, its customer.
REQUESTS = {
    "StreamUpdates": lambda acme: {"source": acme["source"], "run_id": acme["run_id"]},
    "GetSyncRun": lambda acme: {"run_id": acme["run_id"]},
    "ListSyncRuns": lambda acme: {"source": acme["source"]},
    "WatchSyncRun": lambda acme: {"run_id": acme["run_id"]},
    "CancelSyncRun": lambda acme: {"run_id": acme["waiting_run_id"]},
    "ListSources": lambda acme: {},
    "GetLastSync": lambda acme: {"source": acme["source"]},
    "SetSourceCursor": lambda acme: {"source": acme["source"]},
    "ListRejections": lambda acme: {"filter": _filter(acme)},
    "RetryRejections": lambda acme: {"filter": _filter(acme)},
    "DiscardRejections": lambda acme: {"filter": _filter(acme)},
    "ExplainCustomer": lambda acme: {"customer": _customer(acme["customer"])},
    "ForgetCustomer": lambda acme: {"customer": _customer(acme["customer"])},
    "PauseDelivery": lambda acme: {"reason": "by bolt"},
    "ResumeDelivery": lambda acme: {},
    "Resync": lambda acme: {"customer": _customer(acme["customer"])},
    "UnsetAttribute": lambda acme: {"attribute": acme["attribute"]},
    "CheckDelivery": lambda acme: {},
    "VerifyCustomers": lambda acme: {"sample": 10},
}
# The same without any condition: whatever they do, they do to bolt.
UNCONDITIONAL = ("ListRejections", "RetryRejections", "DiscardRejections", "Resync")


class IsolationTest(harness.EndToEndTest):
    def setUp(self):
        super().setUp()
        self.mocks = {name: self.start_mock(name=name) for name in ("acme", "bolt")}
        rules = "max_invalid_percent = 100"
        tenants = (harness.Tenant(mock, name, rules=rules) for name, mock in self.mocks.items())
        self.start_service(*tenants)
        self.channel = grpc.insecure_channel(self.service.address, options=wire.OPTIONS)
        self.addCleanup(self.channel.close)
        self.acme = self.fill_acme()

    def fill_acme(self):
        """A run that completed, rejections of both kinds, and a run that waits for Braze."""
        customer, attribute = f"{MARK}-customer", f"{MARK}-attribute"
        good = {customer: {attribute: f"{MARK}-value"}, f"{MARK}-2": {"a": 1, "_bad": 2}}
        lines = sample.json_lines(good, sample.TIME_1)
        done = self.push(self.write("acme.jsonl", "".join(lines)), status=3, source=MARK)
        self.mocks["acme"].post("/_mock/workspace", {"maintenance": False, "account_active": False})
        waits = {f"{MARK}-3": {"b": f"{MARK}-waiting"}}
        lines = sample.json_lines(waits, sample.TIME_2)
        file = self.write("waits.jsonl", "".join(lines))
        waiting = self.push(file, "--pause-timeout", "1s", status=1, source=MARK)
        return {
            "source": MARK,
            "customer": customer,
            "attribute": attribute,
            "run_id": done.run["run_id"],
            "waiting_run_id": waiting.run["run_id"],
        }

    def call(self, tenant, method, fields):
        """(status code, everything that was said) of one call."""
        token = self.tenants[tenant].token
        if method == "StreamUpdates":
            stream = wire.Stream(self.channel, token).send(wire.start(**fields))
            try:
                said = [str(stream.next())]
            except grpc.RpcError:
                said = []
            stream.cancel()
            code, details = stream.end()
            return code, "".join(said) + (details or "")
        request = getattr(wire.messages, f"{method}Request")(**fields)
        rpc = getattr(wire.service.SyncServiceStub(self.channel), method)
        try:
            answer = rpc(request, metadata=wire.bearer(token), timeout=30)
            answers = list(answer) if hasattr(answer, "__iter__") else [answer]
            return grpc.StatusCode.OK, "".join(str(one) for one in answers)
        except grpc.RpcError as error:
            return error.code(), error.details() or ""

    def state_of_acme(self):
        """What must not change by anything that bolt does."""
        state = {}
        for name in ("run_id", "waiting_run_id"):
            run = self.peaksync("runs", "show", self.acme[name], "-o", "json").run
            state[name] = (run["state"], run["values"])
        code, rejections = self.call("acme", "ListRejections", {})
        self.assertEqual(code, grpc.StatusCode.OK)
        code, known = self.call("acme", "Resync", {"validate_only": True})
        self.assertEqual(code, grpc.StatusCode.OK)
        sources = self.peaksync("sources", "list", "-o", "json").out
        return {**state, "rejections": rejections, "known": known, "sources": sources}

    def test_every_call_is_in_this_test(self):
        """A new RPC has to say here how it would be asked for another tenant's data."""
        service = wire.messages.DESCRIPTOR.services_by_name["SyncService"]
        self.assertEqual(sorted(method.name for method in service.methods), sorted(REQUESTS))

    def test_no_call_shows_or_changes_what_is_anothers(self):
        """bolt asks for acme's run, source and customer, by every method there is."""
        before = self.state_of_acme()
        self.assertIn(MARK, before["rejections"])
        nobody = {key: value[::-1] for key, value in self.acme.items()}
        for method, fields in REQUESTS.items():
            with self.subTest(method=method):
                code, said = self.call("bolt", method, fields(self.acme))
                asked = {self.acme[key] for key in self.acme}
                for words in asked:  # What bolt itself has named may be repeated.
                    said = said.replace(words, "")
                self.assertNotIn(MARK, said)
                # Whether acme has it is not told either.
                self.assertEqual(self.call("bolt", method, fields(nobody))[0], code)
        for method in UNCONDITIONAL:
            with self.subTest(method=method):
                _, said = self.call("bolt", method, {})
                self.assertNotIn(MARK, said)
        self.assertEqual(self.state_of_acme(), before)

    def test_a_token_that_nobody_has_opens_nothing(self):
        """Every method that does anything is UNAUTHENTICATED with a token that nobody has."""
        self.tenants["nobody"] = harness.Tenant(self.mocks["bolt"], token="token-that-nobody-has")
        for method, fields in REQUESTS.items():
            with self.subTest(method=method):
                code, said = self.call("nobody", method, fields(self.acme))
                if code == grpc.StatusCode.UNIMPLEMENTED:
                    self.assertEqual(said, "")
                    continue
                self.assertEqual(code, grpc.StatusCode.UNAUTHENTICATED, said)


if __name__ == "__main__":
    unittest.main()
