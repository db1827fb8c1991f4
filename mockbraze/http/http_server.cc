#include "mockbraze/http/http_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "mockbraze/http/connection.h"
#include "mockbraze/http/stream.h"

namespace mockbraze {

namespace asio = boost::asio;
using asio::ip::tcp;

struct HttpServer::Impl {
  // Before io, because the connections that io destroys sign off here.
  ConnectionSetting setting;
  asio::io_context io;
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_again{io};
  std::vector<std::thread> threads;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;

  ErrorCode Bind(const std::string& host, std::uint16_t port) {
    ErrorCode error;
    const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    if (error) return error;
    const tcp::endpoint endpoint(address, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    return error;
  }

  void Accept() {
    acceptor.async_accept(asio::make_strand(io), [this](ErrorCode error, Socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {  // out of descriptors, most likely: wait for some to come free
        accept_again.expires_after(limits::accept_again_after);
        accept_again.async_wait([this](ErrorCode aborted) {
          if (!aborted) Accept();
        });
        return;
      }
      if (setting.open.size() < setting.options.connections_max) {
        std::make_shared<Connection>(std::move(socket), setting)
            ->Start(setting.handler->OnConnect());
      }
      Accept();
    });
  }
};

namespace {

// What to do about an address that cannot be used.
std::string Advice(ErrorCode error) {
  if (error == asio::error::address_in_use) {
    return "; does another mockbraze run? Port 0 picks a free one";
  }
  if (error == asio::error::access_denied) return "; ports below 1024 need rights";
  if (error == asio::error::invalid_argument) {
    return "; write an IP address such as 127.0.0.1, 0.0.0.0 or ::1, or localhost";
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const std::string& host, std::uint16_t port,
                                                       HttpServerOptions options) {
  using Answer = Result<std::unique_ptr<HttpServer>>;
  auto impl = std::make_unique<Impl>();
  if (options.tls) {
    auto tls = MakeTlsContext(*options.tls);
    if (!tls.ok()) return Answer::Fail(tls.error());
    impl->setting.tls = std::move(tls.value());
  }
  impl->setting.options = std::move(options);
  if (const ErrorCode error = impl->Bind(host, port)) {
    return Answer::Fail("cannot listen on " + host + ":" + std::to_string(port) + ": " +
                        error.message() + Advice(error));
  }
  return Answer::Ok(std::unique_ptr<HttpServer>(new HttpServer(std::move(impl))));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { Stop(); }

std::uint16_t HttpServer::port() const {
  ErrorCode ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

std::size_t HttpServer::connections() const { return impl_->setting.open.size(); }

void HttpServer::Serve(HttpHandler& handler, int threads) {
  impl_->setting.handler = &handler;
  impl_->work.emplace(impl_->io.get_executor());
  impl_->Accept();
  for (int i = 0; i < threads; ++i) {
    impl_->threads.emplace_back([this] { impl_->io.run(); });
  }
}

void HttpServer::Stop() {
  impl_->work.reset();
  impl_->io.stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
  ErrorCode ignored;
  impl_->acceptor.close(ignored);
  impl_->setting.open.CloseAll();
}

void HttpServer::After(std::chrono::milliseconds delay, std::function<void()> run) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->io, delay);
  timer->async_wait([timer, run = std::move(run)](ErrorCode error) {
    if (!error) run();
  });
}

}  // namespace mockbraze
