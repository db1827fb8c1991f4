"""The service's configuration: every problem at once, each with its place."""

import subprocess
import unittest

import harness
import process

BROKEN = """\
[server]
listen = "0.0.0.0:7443"
tls_cert = "server.crt"
[admin]
listen = "127.0.0.1:99999"
[ledger]
pth = "ledger"
[tenants.acme]
token_file = "acme.tokens"
on_invalid = "skip_everything"
[tenants.acme.braze]
workspace = "acme-test"
endpoint = "http://rest.example.com"
api_key_file = "acme.key"
linger = "200"
[tenants.acme.attributes.score]
type = "double"
range = [1, 0]
[tenants.Bolt]
[surprise]
"""


class ConfigTest(harness.EndToEndTest):
    def check(self, config, *flags):
        command = [process.BIN_DIR / "peaksyncd", "--config", config, *flags]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=process.DEADLINE,
            env=process.clean_environment(),
            check=False,
        )

    def line_of(self, config, text):
        return config.read_text().splitlines().index(text) + 1

    def test_every_problem_is_reported_with_file_line_and_key(self):
        """--check-config ends with 2 and names each problem's place."""
        config = self.write("peaksyncd.toml", BROKEN)
        result = self.check(config, "--check-config")
        self.assertEqual(result.returncode, 2, result)
        text = result.stdout + result.stderr
        for line, key in (
            ('listen = "127.0.0.1:99999"', "admin.listen"),
            ('pth = "ledger"', "ledger.pth"),
            ('on_invalid = "skip_everything"', "tenants.acme.on_invalid"),
            ('endpoint = "http://rest.example.com"', "tenants.acme.braze.endpoint"),
            ('linger = "200"', "tenants.acme.braze.linger"),
            ("[tenants.Bolt]", "tenants.Bolt"),
            ("[surprise]", "surprise"),
        ):
            with self.subTest(key=key):
                self.assert_words(text, f"{config}:{self.line_of(config, line)}: {key}")
        self.assert_words(text, "did you mean path?", "tls_key", "range", "acme.tokens", "acme.key")

    def test_broken_configuration_does_not_start(self):
        """Without --check-config the same problems are told, and the service ends with 2."""
        config = self.write("peaksyncd.toml", BROKEN)
        result = self.check(config)
        self.assertEqual(result.returncode, 2, result)
        self.assert_words(result.stderr, "tenants.acme.braze.linger")
        self.assertFalse((self.folder / "ledger").exists())

    def test_missing_file_is_named(self):
        """The path that was looked for is in the error."""
        config = self.folder / "nowhere.toml"
        result = self.check(config, "--check-config")
        self.assertEqual(result.returncode, 2, result)
        self.assert_words(result.stdout + result.stderr, str(config))

    def test_good_configuration_is_said_to_be_good(self):
        """--check-config ends with 0 and makes nothing."""
        config = self.write_config(harness.Tenant(self.start_mock()))
        result = self.check(config, "--check-config")
        self.assertEqual(result.returncode, 0, result)
        self.assertFalse((self.folder / "ledger").exists())

    def test_example_configuration_is_understood(self):
        """examples/peaksyncd.toml has no fault of form."""
        example = process.REPOSITORY / "examples" / "peaksyncd.toml"
        config = self.write("peaksyncd.toml", example.read_text())
        self.write("acme.tokens", "token-of-acme-0123456789\n")
        self.write("acme.braze-key", "key-of-acme\n")
        result = self.check(config, "--check-config")
        self.assertEqual(result.returncode, 0, result)

    def test_plaintext_off_loopback_is_refused(self):
        """Without TLS the service listens on loopback only, unless insecure = true."""
        mock = self.start_mock()
        for listen, extra, status in (
            ("0.0.0.0:7443", "", 2),
            ("[::]:7443", "", 2),
            ("10.1.2.3:7443", "", 2),
            ("127.0.0.1:7443", "", 0),
            ("0.0.0.0:7443", "insecure = true", 0),
        ):
            with self.subTest(listen=listen, extra=extra):
                config = self.write_config(harness.Tenant(mock))
                text = config.read_text().replace('"127.0.0.1:0"', f'"{listen}"\n{extra}', 1)
                result = self.check(self.write("peaksyncd.toml", text), "--check-config")
                self.assertEqual(result.returncode, status, result)
                if status:
                    self.assert_words(result.stdout + result.stderr, "server.listen", "TLS")


if __name__ == "__main__":
    unittest.main()
