"""The base of the end-to-end tests: the three programs in a folder of their own."""

import pathlib
import shutil
import sys
import tempfile
import unittest

import process

LOG_LINES = 60  # Shown of each log of a failed test.


class Tenant:
    """What stands in the configuration for a tenant, and in the files beside it."""

    def __init__(self, mock, name="acme", **options):
        self.name = name
        self.endpoint = mock.url
        self.token = options.get("token", f"token-of-{name}-0123456789")
        self.key = options.get("key", f"key-of-{name}")
        self.workspace = options.get("workspace", f"{name}-test")
        self.rules = options.get("rules", "")  # Lines of [tenants.NAME].
        self.braze = options.get("braze", "")  # Lines of [tenants.NAME.braze].
        self.attributes = options.get("attributes", {})  # The model's name: lines.

    def toml(self):
        sections = [
            f'[tenants.{self.name}]\ntoken_file = "{self.name}.tokens"\n{self.rules}',
            f'[tenants.{self.name}.braze]\nworkspace = "{self.workspace}"\n'
            f'endpoint = "{self.endpoint}"\napi_key_file = "{self.name}.key"\n{self.braze}',
        ]
        for attribute, lines in self.attributes.items():
            sections.append(f"[tenants.{self.name}.attributes.{attribute}]\n{lines}")
        return "\n".join(sections) + "\n"


class EndToEndTest(unittest.TestCase):
    """A test with a folder, a mock and a service, all gone at its end."""

    maxDiff = 2000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peaksync-e2e-"))
        self.logs = {}
        self.tenants = {}
        self.server = ""  # Lines of [server] beside `listen`.
        self.port = 0
        self.addCleanup(self._clean)

    def _clean(self):
        for log in sorted(self.folder.glob("*.log")):
            self.logs[log.name] = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        shutil.rmtree(self.folder)

    def run(self, result=None):
        def failures():
            return len(result.failures) + len(result.errors) if result is not None else 0

        before = failures()
        super().run(result)
        if failures() > before:
            for name, lines in self.logs.items():
                print(f"\n--- {self.id()}: {name}", *lines, sep="\n", file=sys.stderr)
        return result

    # Starting.

    def start_mock(self, *flags, name="mock"):
        mock = process.Mock(self.folder, *flags, name=name)
        self.addCleanup(mock.kill)
        return mock

    def write(self, name, text, mode=0o600):
        """A file in the test's folder."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def write_config(self, *tenants):
        """The configuration with these tenants, or with those of the last time."""
        if tenants:
            self.tenants = {tenant.name: tenant for tenant in tenants}
        for tenant in self.tenants.values():
            self.write(f"{tenant.name}.tokens", tenant.token + "\n")
            self.write(f"{tenant.name}.key", tenant.key + "\n")
        sections = [
            f'[server]\nlisten = "127.0.0.1:{self.port}"\n{self.server}',
            '[admin]\nlisten = "127.0.0.1:0"',
            '[ledger]\npath = "ledger"',
            *(tenant.toml() for tenant in self.tenants.values()),
        ]
        return self.write("peaksyncd.toml", "\n".join(sections))

    def launch(self, config, **options):
        """A service that is stopped at the test's end."""
        service = process.Service(config, **options)
        self.addCleanup(service.kill)
        return service

    def start_service(self, *tenants, fixed_port=False):
        """Writes the configuration and starts the service with it."""
        if fixed_port and self.port == 0:
            self.port = process.free_port()
        self.starts = getattr(self, "starts", 0) + 1
        config = self.write_config(*tenants)
        self.service = self.launch(config, name=f"service{self.starts}")
        return self.service

    def restart_service(self, *tenants):
        """Stops the service as an operator does, and starts it with what is configured then."""
        self.assertEqual(self.service.terminate(), 0)
        return self.start_service(*tenants)

    # The client.

    def environment(self, tenant="acme"):
        return {
            "PEAKSYNC_SERVER": self.service.address,
            "PEAKSYNC_TOKEN": self.tenants[tenant].token if tenant else "",
            "PEAKSYNC_NO_PROGRESS": "1",
        }

    def start_client(self, *arguments, tenant="acme", env=None):
        """peaksync in the background."""
        environment = {**self.environment(tenant), **(env or {})}
        client = process.Client(arguments, environment, self.folder)
        self.addCleanup(client.kill)
        return client

    def peaksync(self, *arguments, **options):
        """Runs peaksync to its end."""
        return self.start_client(*arguments, **options).result()

    def push_arguments(self, file, *flags, source="churn", output="json"):
        """The command line of a push of a file with times in scored_at."""
        columns = ["--id-column", "external_id", "--updated-at-column", "scored_at"]
        return ["push", file, "--source", source, *columns, "-o", output, *flags]

    def push(self, file, *flags, status=0, source="churn", output="json", **options):
        """Pushes a file and checks the exit status."""
        arguments = self.push_arguments(file, *flags, source=source, output=output)
        result = self.peaksync(*arguments, **options)
        self.assertEqual(result.status, status, result)
        return result

    # What is expected.

    def assert_counts(self, run, **expected):
        """The values of a run: as given, 0 where not, and their law holds."""
        values = dict(run["values"])
        received = values.pop("received")
        self.assertEqual(received, sum(values.values()), run)
        wanted = {name: expected.get(name, 0) for name in values}
        self.assertEqual(values, wanted, run)

    def assert_profiles(self, mock, expected):
        """Exactly these profiles with exactly these attributes, type by type."""
        found = mock.users()
        self.assertEqual(sorted(found), sorted(expected))
        for customer, attributes in expected.items():
            self.assertEqual(found[customer], attributes, customer)
            for name, value in attributes.items():
                self.assertIs(type(found[customer][name]), type(value), f"{customer} {name}")

    def assert_words(self, text, *words):
        """Every word stands in the text."""
        for word in words:
            self.assertIn(word, text)
