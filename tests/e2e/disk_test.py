"""The disk is full, or a file is damaged: the service stays, and nobody else notices."""

import resource
import unittest

import harness
import process
import sample

PAGE = 4_096


class FullDiskTest(harness.EndToEndTest):
    def limit_files(self, size):
        """Files of the service grow to this size at most, as if the disk were full."""
        unlimited = resource.RLIM_INFINITY
        limit = unlimited if size is None else size
        resource.prlimit(self.service.popen.pid, resource.RLIMIT_FSIZE, (limit, unlimited))

    def test_full_disk_stops_acknowledgements_and_heals(self):
        """No acknowledgement while nothing can be written; then the push goes on by itself."""
        mock = self.start_mock()
        self.start_service(harness.Tenant(mock))
        run1 = sample.first_run(5_000)
        file = sample.write_csv(self.folder / "run1.csv", run1, sample.TIME_1)
        log = self.service.log.stat().st_size
        # The log goes on: it is far smaller than what the ledger needs.
        self.limit_files(log + 32 * PAGE)
        client = self.start_client(*self.push_arguments(file))

        def told():
            return [line for line in self.service.lines() if "cannot be written" in str(line)]

        process.wait_for("the service says that it cannot write", told)
        self.assertEqual(self.service.admin("/healthz")[0], 200)
        self.assertIsNone(client.popen.poll(), "the client gave up")
        self.limit_files(None)
        result = client.result()
        self.assertEqual(result.status, 0, result)
        self.assert_counts(result.run, confirmed=sample.count_values(run1))
        self.assert_profiles(mock, run1)
        process.wait_for(
            "the service says that it is well again",
            lambda: [line for line in self.service.lines() if "written again" in str(line)],
        )


class DamagedFileTest(harness.EndToEndTest):
    def damage(self, name):
        """Overwrites pages of a tenant's file, all but the first."""
        path = self.folder / "ledger" / f"{name}.db"
        size = path.stat().st_size
        self.assertGreater(size, 4 * PAGE)
        with open(path, "r+b") as file:
            file.seek(PAGE)
            file.write(b"\xa5" * (size - PAGE))

    def test_damaged_file_takes_down_its_tenant_alone(self):
        """The tenant is told that a person is needed and which command helps; the other goes on."""
        mocks = {name: self.start_mock(name=name) for name in ("acme", "bolt")}
        self.start_service(*(harness.Tenant(mock, name) for name, mock in mocks.items()))
        run1 = sample.first_run(300)
        file = sample.write_csv(self.folder / "run1.csv", run1, sample.TIME_1)
        for name in mocks:
            self.push(file, tenant=name)
        self.assertEqual(self.service.terminate(), 0)
        self.damage("acme")
        self.start_service()
        refused = self.push(file, tenant="acme", status=5)
        self.assert_words(refused.err, "acme", "peaksyncd ledger")
        self.push(file, tenant="bolt")
        self.assertEqual(self.service.metric("peaksync_tenant_misconfigured", tenant="acme"), 1)
        self.assertEqual(self.service.metric("peaksync_tenant_misconfigured", tenant="bolt"), 0)
        self.assertEqual(self.service.admin("/readyz")[0], 200)


if __name__ == "__main__":
    unittest.main()
