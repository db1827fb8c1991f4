"""A PostgreSQL of a test's own: a server on a socket in a folder of its own, gone at the end."""

import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import process

_INSTALLED = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
BIN = pathlib.Path(_INSTALLED[-1]) if _INSTALLED else None
PASSWORD = "planted-password-of-the-warehouse"


def missing():
    """Why tests with a database can't run here; empty: they can."""
    if BIN is None or not glob.glob("/usr/lib/*/odbc/psqlodbcw.so"):
        return "PostgreSQL or its ODBC driver is not installed: ./scripts/setup.sh --all"
    return ""


class Postgres:
    """The server. Its user `peaksync` needs PASSWORD, its user `admin` nothing."""

    def __init__(self):
        # A socket's path has 107 characters at most, so it lies in the system's own folder.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peaksync-pg-"))
        self.become = []
        if os.geteuid() == 0:  # initdb refuses to be root.
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            self.become = ["/usr/bin/setpriv", *identity]
        data = self.folder / "data"
        self._run(BIN / "initdb", "-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8",
                  "--no-locale", "--no-sync")
        (data / "pg_hba.conf").write_text(
            "local all admin trust\nlocal all all scram-sha-256\n"
        )
        flags = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}",
                 "-c", "fsync=off", "-c", "timezone=America/New_York"]
        with open(self.folder / "log", "wb") as log:
            self.popen = subprocess.Popen(
                self._owned([BIN / "postgres", "-D", data, *flags]),
                stderr=log,
                cwd=self.folder,
            )
        process.wait_for("PostgreSQL takes connections", self._is_ready)
        self.sql(f"CREATE ROLE peaksync LOGIN PASSWORD '{PASSWORD}'")
        self.sql("GRANT pg_read_all_data TO peaksync")

    def _owned(self, command):
        """The command, as the user whose the database is; guarded last, for a new user forgets."""
        return [*self.become, *process.guarded(command)]

    def _run(self, *command):
        subprocess.run(self._owned(command), check=True, stdout=subprocess.DEVNULL,
                       timeout=process.DEADLINE, cwd=self.folder)

    def _is_ready(self):
        if self.popen.poll() is not None:
            raise AssertionError("PostgreSQL ended: " + (self.folder / "log").read_text())
        ready = [str(BIN / "pg_isready"), "-q", "-h", str(self.folder), "-U", "admin"]
        return subprocess.run(ready, timeout=process.DEADLINE).returncode == 0

    def sql(self, text, stdin=None):
        """Runs SQL as `admin`; its rows as text, cells apart by |. `stdin`: text or a file."""
        command = [str(BIN / "psql"), "-h", str(self.folder), "-U", "admin", "-d", "postgres", "-X",
                   "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text]
        source = {"stdin": stdin} if hasattr(stdin, "fileno") else {"input": stdin}
        done = subprocess.run(command, **source, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=2 * process.DEADLINE, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{text}: {done.stderr}")
        return done.stdout.strip()

    def copy(self, table, rows):
        """Fills a table with rows of cells; None is NULL."""
        def cell(value):
            if value is None:
                return "\\N"
            text = str(value)
            for plain, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n")):
                text = text.replace(plain, escaped)
            return text

        lines = "".join("\t".join(cell(value) for value in row) + "\n" for row in rows)
        self.sql(f"COPY {table} FROM STDIN", stdin=lines)

    @property
    def connection(self):
        """libpq's connection string, without the password."""
        return self.connection_of("peaksync")

    def connection_of(self, user):
        return f"host={self.folder} dbname=postgres user={user}"

    @property
    def odbc_connection(self):
        return (f"Driver=PostgreSQL Unicode;Servername={self.folder};Database=postgres;"
                "Username=peaksync;UseDeclareFetch=1;Fetch=1000")

    def stop(self):
        self.popen.kill()
        self.popen.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
