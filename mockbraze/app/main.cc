// mockbraze: a mock of Braze's REST API for tests. See docs/mockbraze.md.

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "mockbraze/app/mock_server.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/workspace/options.h"

// Read by jemalloc. Profiles lie all over the memory, and huge pages halve what finding them costs.
extern "C" const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:auto";

namespace {

constexpr char description[] =
    "A mock of Braze's REST API that keeps profiles in memory. Unofficial, not affiliated with "
    "Braze.";

constexpr char examples[] = R"(
The first line of output is "listening on URL". A browser shows users and requests there; below
/_mock are the control endpoints: GET /_mock/users, /_mock/requests and /_mock/stats show what
came, POST /_mock/faults, /_mock/workspace and /_mock/reset set the mock up.
Ends with 0 on SIGTERM, with 2 for a wrong flag, with 1 when it cannot listen.

A fault SPEC is KIND[,key=value...].
  Kinds: status=NNN, object-error[=CODE], unnamed-error[=no-index|no-type|text], reject-all, reset,
         reset-after, truncate, not-json, html, empty, slow=DURATION, hang, hang-after, maintenance,
         tls-failure
  Keys:  rate=0..1, count=N, request=N, external_id=ID, path=/...

Examples:
  mockbraze --listen 127.0.0.1:0
  mockbraze --api-key secret --api-key reader:users.export.ids
  mockbraze --profile mau --lost-updates --latency 400ms
  mockbraze --latency 400ms --fault status=503,rate=0.01 --fault object-error,external_id=42
  curl -H 'Authorization: Bearer any' -d '{"attributes":[{"external_id":"1","plan":"pro"}]}' \
       http://127.0.0.1:12118/users/track
  curl 'http://127.0.0.1:12118/_mock/users?external_id=1'
  mockbraze --tls --tls-cert-out mock.pem   # then: curl --cacert mock.pem https://...
)";

struct Flags {
  std::string listen = "127.0.0.1:12118";
  std::vector<std::string> api_keys;
  std::string profile = "current";
  std::string workspace_file;
  bool workspace_per_key = false;
  std::string rate_limit;
  std::string latency;
  std::string processing_delay;
  bool lost_updates = false;
  std::vector<std::string> faults;
  std::string fault_file;
  std::string seed_text = "1";
  int threads = 2;
  bool tls = false;
  std::string tls_cert;
  std::string tls_key;
  std::string tls_cert_out;
  bool exit_with_stdin = false;
};

void DefineTls(CLI::App& app, Flags& flags) {
  app.add_flag("--tls", flags.tls,
               "HTTPS, with a certificate made at start for 127.0.0.1, ::1, localhost and the host "
               "of --listen")
      ->envname("MOCKBRAZE_TLS");
  app.add_option("--tls-cert-out", flags.tls_cert_out,
                 "FILE; the certificate made at start is written there, for clients to trust")
      ->envname("MOCKBRAZE_TLS_CERT_OUT");
  app.add_option("--tls-cert", flags.tls_cert,
                 "FILE; HTTPS with this certificate (PEM, the chain after it)")
      ->envname("MOCKBRAZE_TLS_CERT");
  app.add_option("--tls-key", flags.tls_key, "FILE; the key of --tls-cert (PEM, no password)")
      ->envname("MOCKBRAZE_TLS_KEY");
}

void Define(CLI::App& app, Flags& flags) {
  app.footer(examples);
  app.set_version_flag("--version", MOCKBRAZE_VERSION);
  app.add_option("--listen", flags.listen,
                 "HOST:PORT; port 0 picks a free one, which the first line of output names")
      ->envname("MOCKBRAZE_LISTEN")
      ->capture_default_str();
  app.add_option("--api-key", flags.api_keys,
                 "KEY[:scope,...], repeatable; scopes as users.track, none: all. Without this flag "
                 "any key that is not empty is accepted. In the variable: separated by ;")
      ->envname("MOCKBRAZE_API_KEY")
      ->allow_extra_args(false);
  app.add_option(
         "--profile", flags.profile,
         "The contract to play: current, legacy (75 objects per array, arrays of 25, errors "
         "as sentences) or mau (hourly rate limit)")
      ->envname("MOCKBRAZE_PROFILE")
      ->capture_default_str();
  app.add_option(
         "--workspace", flags.workspace_file,
         "FILE of JSON, as POST /_mock/workspace takes it: all settings there are. The flags "
         "below win over it")
      ->envname("MOCKBRAZE_WORKSPACE");
  app.add_flag("--workspace-per-key", flags.workspace_per_key,
               "Every API key is a workspace of its own, so that parallel tests can share a mock")
      ->envname("MOCKBRAZE_WORKSPACE_PER_KEY");
  app.add_option("--rate-limit", flags.rate_limit,
                 "on: answer 429 beyond Braze's limits; off: only count. Default: on")
      ->envname("MOCKBRAZE_RATE_LIMIT")
      ->check(CLI::IsMember({"on", "off"}));
  app.add_option("--latency", flags.latency,
                 "Delay of every answer of Braze's paths, as 400ms. Default: none")
      ->envname("MOCKBRAZE_LATENCY");
  app.add_option("--processing-delay", flags.processing_delay,
                 "Time after the answer until profiles show the change, as 100ms. Default: none")
      ->envname("MOCKBRAZE_PROCESSING_DELAY");
  app.add_flag("--lost-updates", flags.lost_updates,
               "Requests in flight at the same time for one user overwrite each other, as in Braze")
      ->envname("MOCKBRAZE_LOST_UPDATES");
  app.add_option("--fault", flags.faults,
                 "SPEC, repeatable; see below. In the variable: separated by ;")
      ->envname("MOCKBRAZE_FAULT")
      ->allow_extra_args(false);
  app.add_option(
         "--fault-file", flags.fault_file,
         "FILE with a SPEC each line, # begins a comment; they come before those of --fault")
      ->envname("MOCKBRAZE_FAULT_FILE");
  app.add_option("--seed", flags.seed_text, "Decides which requests meet a fault with a rate")
      ->envname("MOCKBRAZE_SEED")
      ->capture_default_str();
  app.add_option("--threads", flags.threads, "Threads that serve all connections")
      ->envname("MOCKBRAZE_THREADS")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  DefineTls(app, flags);
  app.add_flag("--exit-with-stdin", flags.exit_with_stdin,
               "End when standard input closes, so that the mock ends with its parent")
      ->envname("MOCKBRAZE_EXIT_WITH_STDIN");
}

// Says what is wrong with which flag and returns false, or takes the value over.
template <typename T, typename U>
bool Take(const char* flag, const mockbraze::Result<T>& result, U* out) {
  if (!result.ok()) {
    std::cerr << "mockbraze: " << flag << ": " << result.error() << "\n";
    return false;
  }
  *out = result.value();
  return true;
}

mockbraze::Result<std::string> ReadFile(const std::string& path) {
  using Text = mockbraze::Result<std::string>;
  std::ifstream file(path, std::ios::binary);
  std::string text(mockbraze::limits::flag_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return Text::Fail("cannot read " + path + ": " + std::strerror(errno));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > mockbraze::limits::flag_file_bytes_max) {
    return Text::Fail(path + " is larger than 16 MiB");
  }
  return Text::Ok(std::move(text));
}

bool ReadSettings(const Flags& flags, mockbraze::Settings* settings) {
  if (!Take("--profile", mockbraze::SettingsOf(flags.profile), settings)) return false;
  if (!flags.workspace_file.empty()) {
    std::string json;
    if (!Take("--workspace", ReadFile(flags.workspace_file), &json) ||
        !Take(("--workspace " + flags.workspace_file).c_str(),
              mockbraze::ChangeByJson(*settings, json), settings)) {
      return false;
    }
  }
  if (!flags.rate_limit.empty()) settings->rate_limit.enforced = flags.rate_limit == "on";
  if (flags.lost_updates) settings->lost_updates = true;
  return (flags.api_keys.empty() ||
          Take("--api-key", mockbraze::ParseApiKeys(flags.api_keys), &settings->keys)) &&
         (flags.latency.empty() ||
          Take("--latency", mockbraze::ParseDuration(flags.latency), &settings->latency)) &&
         (flags.processing_delay.empty() ||
          Take("--processing-delay", mockbraze::ParseDuration(flags.processing_delay),
               &settings->processing_delay));
}

bool ReadFaults(const Flags& flags, std::vector<mockbraze::FaultSpec>* faults) {
  if (!flags.fault_file.empty()) {
    std::string text;
    if (!Take("--fault-file", ReadFile(flags.fault_file), &text) ||
        !Take(("--fault-file " + flags.fault_file).c_str(), mockbraze::ParseFaultFile(text),
              faults)) {
      return false;
    }
  }
  std::vector<mockbraze::FaultSpec> more;
  if (!Take("--fault", mockbraze::ParseFaults(flags.faults), &more)) return false;
  faults->insert(faults->end(), more.begin(), more.end());
  return true;
}

bool Read(const Flags& flags, mockbraze::Options* options) {
  mockbraze::Address address;
  if (!Take("--listen", mockbraze::ParseListen(flags.listen), &address) ||
      !ReadSettings(flags, &options->settings) || !ReadFaults(flags, &options->faults)) {
    return false;
  }
  options->host = address.host;
  options->port = address.port;
  const auto seed = mockbraze::ParseUnsigned(flags.seed_text, UINT64_MAX);
  if (!seed) {
    std::cerr << "mockbraze: --seed: '" << flags.seed_text
              << "' is not a whole number from 0 to 2^64 - 1\n";
    return false;
  }
  options->seed = *seed;
  options->workspace_per_key = flags.workspace_per_key;
  options->threads = flags.threads;
  options->tls = flags.tls;
  options->tls_cert = flags.tls_cert;
  options->tls_key = flags.tls_key;
  options->tls_cert_out = flags.tls_cert_out;
  if (const std::string problem = mockbraze::TlsProblem(*options); !problem.empty()) {
    std::cerr << "mockbraze: " << problem << "\n";
    return false;
  }
  return true;
}

// A connection each: as many descriptors as the system allows.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void EndWithStdin() {
  std::thread([] {
    char buffer[256];
    while (read(STDIN_FILENO, buffer, sizeof(buffer)) > 0) {
    }
    kill(getpid(), SIGTERM);
  }).detach();
}

int Run(const Flags& flags) {
  mockbraze::Options options;
  if (!Read(flags, &options)) return 2;
  RaiseDescriptorLimit();
  // Before any thread is made, so that all inherit the mask and only sigwait sees the signals.
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const auto mock = mockbraze::MockServer::Start(std::move(options));
  if (!mock.ok()) {
    std::cerr << "mockbraze: " << mock.error() << "\n";
    return 1;
  }
  std::cout << "listening on " << mock.value()->url() << std::endl;
  if (flags.exit_with_stdin) EndWithStdin();
  int signal = 0;
  sigwait(&ends, &signal);
  mock.value()->Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{description, "mockbraze"};
  Flags flags;
  Define(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "mockbraze: " << error.what() << "; see mockbraze --help\n";
    return 2;
  }
  return Run(flags);
}
