#pragma once

// Internal to the server: it brings Boost.Asio with it.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "mockbraze/base/result.h"
#include "mockbraze/http/tls.h"

namespace mockbraze {

// Not any_io_executor: that costs allocations with each operation.
using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;
using ErrorCode = boost::system::error_code;

// TLS 1.2 and 1.3, with HTTP/1.1 in it.
Result<std::unique_ptr<boost::asio::ssl::context>> MakeTlsContext(
    const TlsCertificate& certificate);

// Whether a handshake failed because the client spoke plain HTTP.
bool IsPlainHttp(const ErrorCode& handshake_error);

// A socket, with or without TLS over it, for Asio's reading and writing.
// Lifetime: the TLS context outlives it. Thread safety: on one strand at a time.
class Stream {
 public:
  using executor_type = Strand;

  // Without a context: plain.
  Stream(Socket socket, boost::asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls) tls_.emplace(socket_, *tls);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool has_tls() const { return tls_.has_value(); }
  // What is read and written from here on is not under TLS. Only while nothing is under way.
  void DropTls() { tls_.reset(); }

  // Only with TLS.
  template <typename Handler>
  void AsyncHandshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }

  // Tells the client that nothing more comes.
  template <typename Handler>
  void AsyncShutdown(Handler&& handler) {
    if (tls_) return tls_->async_shutdown(std::forward<Handler>(handler));
    ErrorCode error;
    socket_.shutdown(Socket::shutdown_send, error);
    boost::asio::post(get_executor(), [handler = std::forward<Handler>(handler), error]() mutable {
      handler(error);
    });
  }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace mockbraze
