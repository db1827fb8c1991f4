"""TLS, and client certificates as credentials."""

import subprocess
import unittest

import harness
import process
import sample


class Certificates:
    """What a test with a folder needs to make certificates."""

    def openssl(self, *arguments):
        command = ["openssl", *arguments]
        options = {"cwd": self.folder, "capture_output": True, "timeout": process.DEADLINE}
        done = subprocess.run(command, check=False, text=True, **options)
        self.assertEqual(done.returncode, 0, done.stderr)

    def make_authority(self, name):
        self.openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(),
            *("-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}"),
        )

    def make_certificate(self, name, authority, san):
        self.openssl(
            *"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"),
        )
        self.write(f"{name}.ext", f"subjectAltName={san}\n")
        self.openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt"),
            *("-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2"),
            *("-out", f"{name}.crt", "-extfile", f"{name}.ext"),
        )
        (self.folder / f"{name}.key").chmod(0o600)


class TlsTest(harness.EndToEndTest, Certificates):
    def setUp(self):
        super().setUp()
        self.mock = self.start_mock()
        self.run1 = sample.first_run(20)
        self.file = sample.write_csv(self.folder / "run1.csv", self.run1, sample.TIME_1)
        self.make_authority("ca")
        self.make_certificate("server", "ca", "DNS:localhost,IP:127.0.0.1")
        self.server = 'tls_cert = "server.crt"\ntls_key = "server.key"'

    def tls(self, *flags, **options):
        """A push that trusts our authority."""
        return self.push(self.file, "--cacert", "ca.crt", *flags, **options)

    def test_token_over_tls(self):
        """With --cacert the connection is TLS; the token says whose it is."""
        self.start_service(harness.Tenant(self.mock))
        self.assertEqual(self.tls().run["state"], "COMPLETED")
        self.assert_profiles(self.mock, self.run1)
        localhost = {"PEAKSYNC_SERVER": f"localhost:{self.service.port}"}
        self.tls(env=localhost)
        self.tls(status=4, env={"PEAKSYNC_TOKEN": "a-token-that-nobody-has"})

    def test_plaintext_and_unknown_authorities_do_not_get_in(self):
        """A client without TLS, and one that does not trust the certificate, end with 1."""
        self.make_authority("other")
        self.start_service(harness.Tenant(self.mock))
        self.push(self.file, "--connect-timeout", "2s", status=1)
        flags = ("--cacert", "other.crt", "--connect-timeout", "2s")
        refused = self.push(self.file, *flags, status=1)
        self.assert_words(refused.err.lower(), "certificate")
        self.assertEqual(self.mock.stats()["requests"], 0)

    def mutual(self):
        """A service that takes client certificates of an authority of their own."""
        self.make_authority("clients")
        self.make_certificate("peak", "clients", "URI:spiffe://acme.example/peak")
        self.make_certificate("guest", "clients", "URI:spiffe://acme.example/guest")
        self.make_authority("rogue")
        self.make_certificate("forged", "rogue", "URI:spiffe://acme.example/peak")
        self.server += '\nclient_ca = "clients.crt"'
        rules = 'client_san = ["spiffe://acme.example/peak"]'
        self.start_service(harness.Tenant(self.mock, rules=rules))

    def certificate(self, name):
        return ("--cert", f"{name}.crt", "--key", f"{name}.key")

    def test_client_certificate_is_a_credential(self):
        """client_san says which tenant a certificate stands for; no token is needed."""
        self.mutual()
        no_token = {"PEAKSYNC_TOKEN": ""}
        report = self.tls(*self.certificate("peak"), env=no_token)
        self.assertEqual(report.json["tenant"], "acme")
        self.assert_profiles(self.mock, self.run1)
        self.tls(*self.certificate("guest"), env=no_token, status=4)
        self.tls(env=no_token, status=4)

    def test_forged_client_certificate_does_not_get_in(self):
        """The name alone is nothing: the authority counts."""
        self.mutual()
        flags = (*self.certificate("forged"), "--connect-timeout", "2s")
        self.tls(*flags, env={"PEAKSYNC_TOKEN": ""}, status=1)
        self.assertEqual(self.mock.stats()["requests"], 0)

    def test_token_without_certificate_on_a_service_with_client_ca(self):
        """Client certificates are asked for, not required."""
        self.mutual()
        self.tls()

    def test_client_refuses_plaintext_off_loopback(self):
        """A token never leaves this machine unencrypted, unless --insecure is said."""
        self.start_service(harness.Tenant(self.mock))
        env = {"PEAKSYNC_SERVER": "http://sync.example.com:7443"}
        report = self.push(self.file, env=env, status=2)
        self.assert_words(report.err, "plaintext", "--insecure", "sync.example.com")


if __name__ == "__main__":
    unittest.main()
