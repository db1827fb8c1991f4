import pytest

from peaksync.errors import UsageError
from peaksync.options import Endpoint, Service, choose_endpoint
from peaksync.settings import check_source, time_of_rows
from peaksync.times import TimePoint


def endpoint(server, **options):
    return choose_endpoint(Service(server=server, **options))


@pytest.mark.parametrize(
    "server, options, expected",
    [
        ("127.0.0.1:7443", {}, ("127.0.0.1:7443", False, True)),
        ("localhost", {}, ("localhost:7443", False, True)),
        ("[::1]:99", {}, ("[::1]:99", False, True)),
        ("127.8.9.10", {}, ("127.8.9.10:7443", False, True)),
        ("sync.example.com", {}, ("sync.example.com:7443", True, False)),
        ("https://localhost:1/", {}, ("localhost:1", True, True)),
        ("localhost", {"cacert": "ca.pem"}, ("localhost:7443", True, True)),
        ("localhost", {"cert": "c", "key": "k"}, ("localhost:7443", True, True)),
        ("http://localhost", {}, ("localhost:7443", False, True)),
        ("10.0.0.1:5", {"insecure": True}, ("10.0.0.1:5", False, False)),
        ("127.0.0.1.example.com", {}, ("127.0.0.1.example.com:7443", True, False)),
    ],
)
def test_plaintext_is_for_this_machine(server, options, expected):
    assert endpoint(server, **options) == Endpoint(*expected)


@pytest.mark.parametrize(
    "server, options",
    [
        ("http://sync.example.com", {}),
        ("http://localhost", {"cacert": "ca.pem"}),
        ("https://localhost", {"insecure": True}),
        ("localhost", {"cert": "c"}),
        ("localhost", {"key": "k"}),
        ("", {}),
        ("::1", {}),
        ("a:b", {}),
        ("a:0", {}),
        ("a:65536", {}),
        ("a b", {}),
        ("user@host", {}),
        ("grpc://host", {}),
        ("host/path", {}),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(server, options):
    if server == "":
        server = ":7443"
    with pytest.raises(UsageError):
        endpoint(server, **options)


def test_arguments_win_over_the_environment(tmp_path):
    file = tmp_path / "token"
    file.write_text("# the tenant's\n\n  from-file push\n")
    environment = {
        "PEAKSYNC_SERVER": "sync.example.com",
        "PEAKSYNC_TOKEN": "from-variable",
        "PEAKSYNC_TENANT": "acme",
        "PEAKSYNC_CACERT": "ca.pem",
        "PEAKSYNC_INSECURE": "no",
    }
    found = Service().resolved(environment)
    assert (found.server, found.token, found.tenant) == (
        "sync.example.com",
        "from-variable",
        "acme",
    )
    assert (found.cacert, found.insecure) == ("ca.pem", False)
    assert Service(server="a", tenant="b").resolved(environment).server == "a"
    assert Service(token_file=str(file)).resolved(environment).token == "from-file"
    environment["PEAKSYNC_TOKEN_FILE"] = str(file)
    assert Service().resolved(environment).token == "from-file"
    assert Service(token="mine").resolved(environment).token == "mine"
    assert Service().resolved({}).server == "127.0.0.1:7443"
    assert Service().resolved({}).token is None


def test_tokens_that_cannot_be_sent_are_told_without_the_token(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("# nothing\n")
    for service in (
        Service(token="two words"),
        Service(token="zażółć"),
        Service(token="x" * 5_000),
        Service(token_file=str(tmp_path / "missing")),
        Service(token_file=str(empty)),
    ):
        with pytest.raises(UsageError) as caught:
            service.resolved({})
        for secret in ("two words", "zażółć", "xxx"):
            assert secret not in str(caught.value)
    with pytest.raises(UsageError):
        Service().resolved({"PEAKSYNC_INSECURE": "perhaps"})
    assert "secret" not in repr(Service(token="secret"))


def test_names_of_sources():
    for name in ("churn", "a", "0-a.b_c", "x" * 63):
        check_source(name)
    for name in ("", "Churn", "-a", "x" * 64, "a b", "ż", None, "a\n"):
        with pytest.raises(UsageError, match="source"):
            check_source(name)


def test_time_of_rows_is_a_column_a_time_or_now():
    assert time_of_rows(None, None) == (None, None)
    assert time_of_rows("scored_at", None) == ("scored_at", None)
    assert time_of_rows(None, "scored_at") == ("scored_at", None)
    assert time_of_rows("now", "scored_at") == (None, None)
    assert time_of_rows("2026-09-07T02:00:00Z", "scored_at") == (None, TimePoint(1_788_746_400))
    for bad in (("a", "b"), ("2026-09-07", None)):
        with pytest.raises(UsageError):
            time_of_rows(*bad)
