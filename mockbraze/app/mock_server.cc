#include "mockbraze/app/mock_server.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "mockbraze/app/service.h"
#include "mockbraze/base/clock.h"
#include "mockbraze/http/http_server.h"
#include "mockbraze/http/tls.h"
#include "mockbraze/workspace/workspace_set.h"

namespace mockbraze {

struct MockServer::Impl {
  Impl(Options options, std::string shown_certificate, std::unique_ptr<HttpServer> http)
      : certificate(std::move(shown_certificate)),
        workspaces(std::move(options), clock),
        server(std::move(http)),
        service(workspaces, *server) {}

  const std::string certificate;
  SystemClock clock;
  WorkspaceSet workspaces;
  std::unique_ptr<HttpServer> server;
  Service service;
};

namespace {

bool HasTls(const Options& options) { return options.tls || !options.tls_cert.empty(); }

Result<TlsCertificate> CertificateFor(const Options& options) {
  if (!options.tls_cert.empty()) return ReadCertificate(options.tls_cert, options.tls_key);
  auto made = MakeCertificate(options.host, SystemClock().Now());
  if (!made.ok() || options.tls_cert_out.empty()) return made;
  std::ofstream file(options.tls_cert_out, std::ios::binary | std::ios::trunc);
  file << made.value().chain;
  file.close();
  if (!file) {
    return Result<TlsCertificate>::Fail("cannot write the certificate to " + options.tls_cert_out +
                                        ": " + std::strerror(errno));
  }
  return made;
}

}  // namespace

Result<std::unique_ptr<MockServer>> MockServer::Start(Options options) {
  using Answer = Result<std::unique_ptr<MockServer>>;
  HttpServerOptions http_options;
  std::string certificate;
  if (const std::string problem = TlsProblem(options); !problem.empty()) {
    return Answer::Fail(problem);
  }
  if (HasTls(options)) {
    auto found = CertificateFor(options);
    if (!found.ok()) return Answer::Fail(found.error());
    certificate = found.value().chain;
    http_options.tls = std::move(found.value());
  }
  auto http = HttpServer::Listen(options.host, options.port, std::move(http_options));
  if (!http.ok()) return Answer::Fail(http.error());
  const int threads = options.threads;
  auto impl =
      std::make_unique<Impl>(std::move(options), std::move(certificate), std::move(http.value()));
  impl->server->Serve(impl->service, threads);
  return Answer::Ok(std::unique_ptr<MockServer>(new MockServer(std::move(impl))));
}

MockServer::MockServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// Threads end before the service that they call goes.
MockServer::~MockServer() { Stop(); }

std::uint16_t MockServer::port() const { return impl_->server->port(); }

std::string MockServer::url() const {
  const std::string& host = impl_->workspaces.options().host;
  const bool v6 = host.find(':') != std::string::npos;
  const std::string scheme = certificate().empty() ? "http://" : "https://";
  return scheme + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

const std::string& MockServer::certificate() const { return impl_->certificate; }

void MockServer::Stop() { impl_->server->Stop(); }

}  // namespace mockbraze
