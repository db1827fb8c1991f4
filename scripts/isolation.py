#!/usr/bin/python3
"""Measures how much a tenant notices of another one that does everything wrong at once (rule 8).

    ./scripts/isolation.py               needs the programs of build/release
    ./scripts/isolation.py --pushes 50   so many measured pushes in each state; 30 without it

Tenant bolt pushes one customer at a time and measures from the push to Braze's answer, with the
default linger: first alone, then while tenant acme floods the service from several streams up to
its max_waiting_bytes, keeps streams open without a word, sends values that are refused, and is
paused by a key that Braze refuses. Prints both medians, the 95th percentiles and the ratios.
PEAKSYNC_BIN_DIR names another folder of programs. It reports; it asserts nothing.
"""

import argparse
import os
import pathlib
import statistics
import sys
import threading
import time

E2E = pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"
sys.path.insert(0, str(E2E))
sys.dont_write_bytecode = True

FLOODS = 3
STALLED = 10
BATCH = 2_000
FLOOD_PARTS = 20
FLOOD_BATCHES = 2_000


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pushes", type=int, default=30)
    options = parser.parse_args()
    import grpc
    import harness
    import process
    import unittest
    import wire

    class Isolation(harness.EndToEndTest):
        def runTest(self):
            """Two tenants; what one of them does is told above."""
            bolt = self.start_mock("--latency", "50ms", name="bolt")
            acme = self.start_mock("--api-key", "another-key", name="acme")
            rules = 'max_waiting_bytes = "8MiB"\nmax_invalid_percent = 100'
            self.start_service(harness.Tenant(acme, rules=rules), harness.Tenant(bolt, "bolt"))
            self.channel = grpc.insecure_channel(self.service.address, options=wire.OPTIONS)
            self.measure(1)  # Warm.
            quiet = self.measure(options.pushes)
            self.attack()
            loaded = self.measure(options.pushes)
            for name, times in (("alone", quiet), ("under attack", loaded)):
                p95 = sorted(times)[int(0.95 * (len(times) - 1))]
                print(f"{name:13} median {statistics.median(times):6.1f} ms, p95 {p95:6.1f} ms")
            ratio = statistics.median(loaded) / statistics.median(quiet)
            waiting = self.service.metric("peaksync_waiting_bytes", tenant="acme")
            print(f"ratio of the medians: {ratio:.2f}; acme has {waiting:,.0f} bytes waiting")

        def measure(self, count):
            """Milliseconds from a push to its confirmation, one push after the other."""
            times = []
            token = self.tenants["bolt"].token
            stub = wire.service.SyncServiceStub(self.channel)
            for number in range(count):
                stream = wire.Stream(self.channel, token).send(wire.start())
                run_id = stream.next().run_id
                start = time.monotonic()
                update = wire.update(f"b{number}", score=time.time())
                stream.send(wire.batch(1, update), wire.finish()).close()
                request = wire.messages.WatchSyncRunRequest(run_id=run_id)
                for _ in stub.WatchSyncRun(request, metadata=wire.bearer(token), timeout=60):
                    pass
                times.append(1_000 * (time.monotonic() - start))
                stream.end()
            return times

        def attack(self):
            token = self.tenants["acme"].token
            for number in range(STALLED):
                stream = wire.Stream(self.channel, token)
                stream.send(wire.start(source=f"stalled-{number}"))
                stream.next()
                self.addCleanup(stream.cancel)
            for number in range(FLOODS):
                stream = wire.Stream(self.channel, token).send(wire.start(source=f"flood-{number}"))
                stream.next()
                self.addCleanup(stream.cancel)
                threading.Thread(target=self.flood, args=(number, stream), daemon=True).start()

            def is_full():
                return self.service.metric("peaksync_waiting_bytes", tenant="acme") >= 8 << 20

            process.wait_for("acme is at its limit", is_full)

        @staticmethod
        def flood(number, stream):
            """Batches without an end; of five values one is refused. Made once: it must not be
            this program that slows the measured one down."""
            batches = []
            for part in range(FLOOD_PARTS):
                updates = [
                    wire.update(f"a{number}-{part}-{i}", a=i, **({} if i % 5 else {"_bad": i}))
                    for i in range(BATCH)
                ]
                batches.append(wire.batch(0, *updates))
            for sequence in range(1, FLOOD_BATCHES):
                sent = wire.messages.StreamUpdatesRequest()
                sent.CopyFrom(batches[sequence % FLOOD_PARTS])
                sent.batch.sequence = sequence
                stream.send(sent)
                time.sleep(0.1)

    done = unittest.TextTestRunner(stream=open(os.devnull, "w")).run(Isolation())
    for _, text in done.errors + done.failures:
        print(text, file=sys.stderr)
    return 0 if done.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
