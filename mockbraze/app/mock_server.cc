#include "mockbraze/app/mock_server.h"

#include <utility>

#include "mockbraze/app/service.h"
#include "mockbraze/base/clock.h"
#include "mockbraze/http/http_server.h"
#include "mockbraze/workspace/workspace_set.h"

namespace mockbraze {

struct MockServer::Impl {
  Impl(Options options, std::unique_ptr<HttpServer> http)
      : workspaces(std::move(options), clock),
        server(std::move(http)),
        service(workspaces, *server) {}

  SystemClock clock;
  WorkspaceSet workspaces;
  std::unique_ptr<HttpServer> server;
  Service service;
};

Result<std::unique_ptr<MockServer>> MockServer::Start(Options options) {
  using Answer = Result<std::unique_ptr<MockServer>>;
  auto http = HttpServer::Listen(options.host, options.port);
  if (!http.ok()) return Answer::Fail(http.error());
  const int threads = options.threads;
  auto impl = std::make_unique<Impl>(std::move(options), std::move(http.value()));
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
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

void MockServer::Stop() { impl_->server->Stop(); }

}  // namespace mockbraze
