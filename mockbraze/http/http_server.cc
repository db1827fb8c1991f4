#include "mockbraze/http/http_server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <limits>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Stream = beast::basic_stream<tcp, asio::any_io_executor>;

std::string Text(beast::string_view view) { return {view.data(), view.size()}; }

// One connection: read a request, have it answered, write, and again. All of its steps run on its
// own strand. It lives as long as something is under way on it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, HttpHandler& handler, std::atomic<std::size_t>& open)
      : stream_(std::move(socket)), handler_(handler), open_(open) {
    ++open_;
    ErrorCode ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }
  ~Connection() { --open_; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->ReadHead(); });
  }

 private:
  using Parser = http::request_parser<http::string_body>;
  using Step = void (Connection::*)(ErrorCode);

  // Binds a step as the end of an operation, and keeps the connection alive until then.
  auto Then(Step step) {
    return [self = shared_from_this(), step](ErrorCode error, std::size_t = 0) {
      ((*self).*step)(error);
    };
  }

  void ReadHead() {
    parser_.emplace();
    parser_->header_limit(limits::header_bytes_max);
    // Checked by HeadRead, so that the request is known by then. Not boost::none: Beast 1.74 takes
    // that for a limit of nothing.
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
    stream_.expires_after(limits::idle_timeout);
    http::async_read_header(stream_, buffer_, *parser_, Then(&Connection::HeadRead));
  }

  void HeadRead(ErrorCode error) {
    if (error) return RefuseOrClose(error);
    const auto length = parser_->content_length();
    if (length && *length > limits::track_body_bytes_max) return HandOver(true);
    parser_->body_limit(limits::track_body_bytes_max);
    const auto expect = parser_->get()[http::field::expect];
    if (beast::iequals(expect, "100-continue") && !parser_->is_done()) {
      out_ = "HTTP/1.1 100 Continue\r\n\r\n";
      return Write(asio::buffer(out_), &Connection::ReadBody);
    }
    ReadBody({});
  }

  void ReadBody(ErrorCode error) {
    if (error) return Close();
    stream_.expires_after(limits::idle_timeout);
    http::async_read(stream_, buffer_, *parser_, Then(&Connection::BodyRead));
  }

  void BodyRead(ErrorCode error) {
    if (error == http::error::body_limit) return HandOver(true);
    if (error) return RefuseOrClose(error);
    HandOver(false);
  }

  // What was read was no HTTP: say so and close. An end between two requests is just an end.
  void RefuseOrClose(ErrorCode error) {
    const bool malformed = error.category() == make_error_code(http::error::bad_method).category();
    if (!malformed || error == http::error::end_of_stream ||
        error == http::error::partial_message) {
      return Close();
    }
    close_after_ = true;
    Response response;
    response.status = error == http::error::header_limit ? 431 : 400;
    response.headers = {{"content-type", "application/json"}};
    response.body = R"({"message":"Bad Request: not HTTP/1.1"})";
    Answer(std::move(response));
  }

  void HandOver(bool too_large) {
    auto message = parser_->release();
    Request request;
    request.method = Text(message.method_string());
    const std::string target = Text(message.target());
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    for (const auto& field : message) {
      request.headers.emplace_back(Text(field.name_string()), Text(field.value()));
    }
    request.too_large = too_large;
    if (!too_large) request.body = std::move(message.body());
    draining_ = too_large;
    close_after_ = too_large || !message.keep_alive();
    old_client_ = message.version() < 11;
    head_only_ = message.method() == http::verb::head;
    stream_.expires_never();
    handler_.Handle(std::move(request), [self = shared_from_this()](Response response) {
      asio::dispatch(
          self->stream_.get_executor(),
          [self, response = std::move(response)]() mutable { self->Answer(std::move(response)); });
    });
  }

  void Answer(Response response) {
    if (response.wire == Wire::kReset) return Reset();
    if (response.wire == Wire::kHang) return Hang();
    if (response.wire == Wire::kTruncate) close_after_ = true;
    const bool bodiless = response.status == 204 || response.status == 304;
    const auto reason =
        http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
    out_ = "HTTP/1.1 " + std::to_string(response.status) + " " + Text(reason) + "\r\n";
    for (const auto& [name, value] : response.headers) {
      out_.append(name).append(": ").append(value).append("\r\n");
    }
    if (!bodiless) out_ += "content-length: " + std::to_string(response.body.size()) + "\r\n";
    if (close_after_) {
      out_ += "connection: close\r\n";
    } else if (old_client_) {
      out_ += "connection: keep-alive\r\n";
    }
    out_ += "\r\n";
    if (bodiless || head_only_) response.body.clear();
    if (response.wire == Wire::kSlow && !response.body.empty()) {
      piece_delay_ = response.slow_for / limits::slow_pieces;
      piece_size_ = std::max<std::size_t>(response.body.size() / limits::slow_pieces, 1);
      rest_ = std::move(response.body);
      return Write(asio::buffer(out_), &Connection::WaitForNextPiece);
    }
    if (response.wire == Wire::kTruncate) response.body.resize(response.body.size() / 2);
    out_ += response.body;
    Write(asio::buffer(out_), &Connection::Written);
  }

  void Write(asio::const_buffer buffer, Step then) {
    stream_.expires_after(limits::write_timeout);
    asio::async_write(stream_, buffer, Then(then));
  }

  void WaitForNextPiece(ErrorCode error) {
    if (error) return Close();
    if (rest_.empty()) return Written({});
    timer_.emplace(stream_.get_executor(), piece_delay_);
    timer_->async_wait(Then(&Connection::WritePiece));
  }

  void WritePiece(ErrorCode error) {
    if (error) return Close();
    out_ = rest_.substr(0, piece_size_);
    rest_.erase(0, piece_size_);
    Write(asio::buffer(out_), &Connection::WaitForNextPiece);
  }

  void Written(ErrorCode error) {
    if (error) return Close();
    if (!close_after_) return ReadHead();
    ErrorCode ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (!draining_) return Close();
    // Closing with unread bytes would reset the connection and could destroy the answer on its way.
    stream_.expires_after(limits::drain_timeout);
    drained_ = 0;
    Drain();
  }

  void Drain() {
    trash_.resize(std::size_t{64} * 1024);
    stream_.async_read_some(asio::buffer(trash_),
                            [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                              self->drained_ += bytes;
                              if (error || self->drained_ > limits::drain_bytes_max)
                                return self->Close();
                              self->Drain();
                            });
  }

  // Reads on, and throws away, until the client leaves.
  void Hang() {
    stream_.expires_after(limits::hang_max);
    drained_ = 0;
    Drain();
  }

  void Reset() {
    ErrorCode ignored;
    stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
    Close();
  }

  void Close() {
    ErrorCode ignored;
    stream_.socket().close(ignored);
  }

  Stream stream_;
  HttpHandler& handler_;
  std::atomic<std::size_t>& open_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string out_;
  std::string rest_;
  std::string trash_;
  std::optional<asio::steady_timer> timer_;
  std::chrono::milliseconds piece_delay_{0};
  std::size_t piece_size_ = 0;
  std::size_t drained_ = 0;
  bool draining_ = false;
  bool close_after_ = false;
  bool old_client_ = false;
  bool head_only_ = false;
};

}  // namespace

struct HttpServer::Impl {
  // Before io, because the connections that io destroys count themselves out here.
  std::atomic<std::size_t> open{0};
  asio::io_context io;
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_again{io};
  std::vector<std::thread> threads;
  HttpHandler* handler = nullptr;
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
    acceptor.async_accept(asio::make_strand(io), [this](ErrorCode error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {  // out of descriptors, most likely: wait for some to come free
        accept_again.expires_after(std::chrono::milliseconds(50));
        accept_again.async_wait([this](ErrorCode aborted) {
          if (!aborted) Accept();
        });
        return;
      }
      if (open < limits::connections_max) {
        std::make_shared<Connection>(std::move(socket), *handler, open)->Start();
      }
      Accept();
    });
  }
};

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const std::string& host,
                                                       std::uint16_t port) {
  using Answer = Result<std::unique_ptr<HttpServer>>;
  auto impl = std::make_unique<Impl>();
  if (const ErrorCode error = impl->Bind(host, port)) {
    return Answer::Fail("cannot listen on " + host + ":" + std::to_string(port) + ": " +
                        error.message());
  }
  return Answer::Ok(std::unique_ptr<HttpServer>(new HttpServer(std::move(impl))));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { Stop(); }

std::uint16_t HttpServer::port() const {
  ErrorCode ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

void HttpServer::Serve(HttpHandler& handler, int threads) {
  impl_->handler = &handler;
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
}

void HttpServer::After(std::chrono::milliseconds delay, std::function<void()> run) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->io, delay);
  timer->async_wait([timer, run = std::move(run)](ErrorCode error) {
    if (!error) run();
  });
}

}  // namespace mockbraze
