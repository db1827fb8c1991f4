#include "mockbraze/http/connection.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <limits>
#include <string_view>
#include <utility>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr char not_http[] = R"({"message":"Bad Request: not HTTP/1.1"})";
constexpr char plain_http[] =
    R"({"message":"Bad Request: plain HTTP on a port for HTTPS; use https://"})";
// A TLS record with the alert handshake_failure, fatal.
constexpr std::string_view tls_alert("\x15\x03\x03\x00\x02\x02\x28", 7);

std::string Text(beast::string_view view) { return {view.data(), view.size()}; }

// RFC 9112 section 3.2.2: a server takes http://host/path too, which clients of a proxy send.
beast::string_view OriginForm(beast::string_view target) {
  const std::size_t scheme = target.find("://");
  if (target.empty() || target[0] == '/' || scheme == beast::string_view::npos) return target;
  const std::size_t path = target.find('/', scheme + 3);
  return path == beast::string_view::npos ? beast::string_view("/") : target.substr(path);
}

}  // namespace

void OpenConnections::Add(Connection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.insert(connection);
  size_ = connections_.size();
}

void OpenConnections::Remove(Connection* connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(connection);
  size_ = connections_.size();
}

void OpenConnections::CloseAll() {
  const std::lock_guard lock(mutex_);
  for (Connection* connection : connections_) connection->Close();
}

Connection::Connection(Socket socket, ConnectionSetting& setting)
    : setting_(setting),
      stream_(std::move(socket), setting.tls.get()),
      expiry_(stream_.get_executor()),
      buffer_(limits::read_buffer_bytes_max) {
  setting_.open.Add(this);
  ErrorCode ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() { setting_.open.Remove(this); }

void Connection::Start(ConnectionFault fault) {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this(), fault] {
    self->buffer_.reserve(limits::read_buffer_bytes);
    if (fault == ConnectionFault::kNone) {
      if (self->stream_.has_tls()) return self->Shake();
      return self->ReadHead();
    }
    if (!self->stream_.has_tls()) return self->Reset();
    self->stream_.DropTls();
    // Not before the client has said something: some would not read the alert.
    self->ExpireAfter(self->setting_.options.handshake_timeout);
    self->ReadMore(&Connection::SendTlsAlert);
  });
}

// Binds a step as the end of an operation, and keeps the connection alive until then.
auto Connection::Then(Step step) {
  return [self = shared_from_this(), step](ErrorCode error, std::size_t = 0) {
    ((*self).*step)(error);
  };
}

// --- TLS ---

void Connection::Shake() {
  ExpireAfter(setting_.options.handshake_timeout);
  stream_.AsyncHandshake(Then(&Connection::Shaken));
}

void Connection::Shaken(ErrorCode error) {
  if (!error) return ReadHead();
  if (!IsPlainHttp(error)) return Close();
  stream_.DropTls();
  draining_ = true;
  Refuse(400, plain_http);
}

void Connection::SendTlsAlert(ErrorCode error) {
  if (error) return Close();
  out_ = tls_alert;
  close_after_ = true;
  draining_ = true;
  Write(&Connection::Written);
}

// --- reading ---

void Connection::ReadMore(Step then) {
  const std::size_t room = buffer_.max_size() - buffer_.size();
  if (room == 0) return Refuse(400, not_http);  // a line of the chunked coding without an end
  const std::size_t spare = buffer_.capacity() - buffer_.size();
  const auto space = buffer_.prepare(std::min(room, std::max(spare, limits::read_step_bytes)));
  stream_.async_read_some(space,
                          [self = shared_from_this(), then](ErrorCode error, std::size_t bytes) {
                            self->buffer_.commit(bytes);
                            ((*self).*then)(error);
                          });
}

void Connection::ReadHead() {
  old_client_ = head_only_ = false;
  parser_.emplace();
  parser_->header_limit(limits::header_bytes_max);
  // Checked by HeadRead, so that the request is known by then. Not boost::none: Beast 1.74 takes
  // that for a limit of nothing.
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  ExpireAfter(setting_.options.idle_timeout);
  if (buffer_.size() == 0) return ReadMore(&Connection::HeadMore);
  HeadMore({});
}

void Connection::HeadMore(ErrorCode error) {
  if (error) return Close();
  buffer_.consume(parser_->put(buffer_.data(), error));
  if (parser_->is_header_done()) return HeadRead();
  if (error == http::error::need_more) return ReadMore(&Connection::HeadMore);
  Refuse(error == http::error::header_limit ? 431 : 400, not_http);
}

void Connection::HeadRead() {
  const auto& message = parser_->get();
  const beast::string_view target = OriginForm(message.target());
  const std::size_t question = std::min(target.find('?'), target.size());
  request_ = {};
  request_.method = Text(message.method_string());
  request_.path = Text(target.substr(0, question));
  if (question < target.size()) request_.query = Text(target.substr(question + 1));
  request_.headers.reserve(limits::usual_headers);
  for (const auto& field : message) {
    request_.headers.emplace_back(Text(field.name_string()), Text(field.value()));
  }
  close_after_ = !message.keep_alive();
  old_client_ = message.version() < 11;
  head_only_ = message.method() == http::verb::head;
  body_limit_ = setting_.handler->BodyLimit(request_);
  if (parser_->is_done()) return HandOver(false);
  const auto length = parser_->content_length();
  if (length && *length > body_limit_) return HandOver(true);
  body_left_ = static_cast<std::size_t>(length.value_or(0));
  if (beast::iequals(message[http::field::expect], "100-continue")) {
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    return Write(&Connection::ReadBody);
  }
  ReadBody({});
}

void Connection::ReadBody(ErrorCode error) {
  if (error) return Close();
  ExpireAfter(setting_.options.idle_timeout);
  if (parser_->chunked()) {
    parser_->body_limit(body_limit_);
    return ReadChunks();
  }
  request_.body.reserve(std::min(body_left_, limits::body_step_bytes));
  const std::size_t here = std::min(body_left_, buffer_.size());
  request_.body.assign(static_cast<const char*>(buffer_.data().data()), here);
  buffer_.consume(here);
  body_left_ -= here;
  ReadKnownBody({});
}

// As much again as there is already: a length that is announced only shall cost no memory.
void Connection::ReadKnownBody(ErrorCode error) {
  if (error) return Close();
  if (body_left_ == 0) return HandOver(false);
  const std::size_t size = request_.body.size();
  const std::size_t step = std::min(body_left_, std::max(size, limits::body_step_bytes));
  request_.body.resize(size + step);
  body_left_ -= step;
  asio::async_read(stream_, asio::buffer(request_.body.data() + size, step),
                   Then(&Connection::ReadKnownBody));
}

void Connection::ChunksMore(ErrorCode error) {
  if (error) return Close();
  ReadChunks();
}

void Connection::ReadChunks() {
  while (buffer_.size() > 0) {
    ErrorCode error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error == http::error::need_more) break;
    if (error == http::error::body_limit) return HandOver(true);
    if (error) return Refuse(400, not_http);
    if (parser_->is_done()) {
      request_.body = std::move(parser_->get().body());
      return HandOver(false);
    }
  }
  ReadMore(&Connection::ChunksMore);
}

void Connection::HandOver(bool too_large) {
  request_.too_large = too_large;
  draining_ = too_large;
  close_after_ = close_after_ || too_large;
  parser_.reset();
  ExpireNever();
  setting_.handler->Handle(std::move(request_), [self = shared_from_this()](Response response) {
    const Strand strand = self->stream_.get_executor();
    if (strand.running_in_this_thread()) return self->Answer(std::move(response));
    asio::dispatch(strand, [self, response = std::move(response)]() mutable {
      self->Answer(std::move(response));
    });
  });
}

// --- answering ---

void Connection::Refuse(int status, const char* body) {
  close_after_ = true;
  draining_ = true;
  Response response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = body;
  Answer(std::move(response));
}

void Connection::Answer(Response response) {
  if (response.wire == Wire::kReset) return Reset();
  if (response.wire == Wire::kHang) {
    return Drain(limits::hang_max, std::numeric_limits<std::size_t>::max());
  }
  if (response.wire == Wire::kTruncate) close_after_ = true;
  MakeHead(response);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (bodiless || head_only_) response.body.clear();
  if (response.wire == Wire::kSlow && !response.body.empty()) {
    piece_delay_ = response.slow_for / limits::slow_pieces;
    piece_size_ = std::max<std::size_t>(response.body.size() / limits::slow_pieces, 1);
    rest_ = std::move(response.body);
    return Write(&Connection::WaitForNextPiece);
  }
  if (response.wire == Wire::kTruncate) response.body.resize(response.body.size() / 2);
  // One packet, one TLS record.
  if (response.body.size() <= limits::joined_body_bytes_max) {
    out_ += response.body;
  } else {
    body_ = std::move(response.body);
  }
  Write(&Connection::Written);
}

void Connection::MakeHead(const Response& response) {
  const auto reason =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  out_.clear();
  out_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out_.append(reason.data(), reason.size()).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    out_.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.status != 204 && response.status != 304) {
    out_.append("content-length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (close_after_) {
    out_ += "connection: close\r\n";
  } else if (old_client_) {
    out_ += "connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

// Sends out_, then body_.
void Connection::Write(Step then) {
  ExpireAfter(setting_.options.write_timeout);
  writing_ = true;
  sending_ = {asio::buffer(out_), asio::buffer(body_)};
  asio::async_write(stream_, sending_,
                    [self = shared_from_this(), then](ErrorCode error, std::size_t) {
                      self->writing_ = false;
                      ((*self).*then)(error);
                    });
}

void Connection::WaitForNextPiece(ErrorCode error) {
  if (error) return Close();
  if (rest_.empty()) return Written({});
  ExpireNever();
  pieces_.emplace(stream_.get_executor(), piece_delay_);
  pieces_->async_wait(Then(&Connection::WritePiece));
}

void Connection::WritePiece(ErrorCode error) {
  if (error) return Close();
  out_ = rest_.substr(0, piece_size_);
  rest_.erase(0, piece_size_);
  Write(&Connection::WaitForNextPiece);
}

void Connection::Written(ErrorCode error) {
  if (error) return Close();
  if (!body_.empty()) body_ = {};
  if (!close_after_) return ReadHead();
  if (!draining_) {
    ExpireAfter(limits::drain_timeout);
    return stream_.AsyncShutdown(Then(&Connection::Ended));
  }
  // Closing with unread bytes would reset the connection and could destroy the answer on its way.
  ErrorCode ignored;
  stream_.socket().shutdown(Socket::shutdown_send, ignored);
  Drain(limits::drain_timeout, limits::drain_bytes_max);
}

void Connection::Ended(ErrorCode /*error*/) { Close(); }

// Reads on, below TLS, and throws away, until the client leaves.
void Connection::Drain(std::chrono::milliseconds time, std::size_t bytes_max) {
  ExpireAfter(time);
  drain_left_ = bytes_max;
  buffer_.clear();
  DrainOn();
}

void Connection::DrainOn() {
  stream_.socket().async_read_some(buffer_.prepare(limits::read_buffer_bytes),
                                   [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                                     if (error || bytes > self->drain_left_) return self->Close();
                                     self->drain_left_ -= bytes;
                                     self->DrainOn();
                                   });
}

void Connection::Reset() {
  ErrorCode ignored;
  stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  Close();
}

void Connection::Close() {
  ErrorCode ignored;
  expiry_.cancel(ignored);
  if (pieces_) pieces_->cancel(ignored);
  stream_.socket().close(ignored);
}

// --- time ---

void Connection::ExpireAfter(std::chrono::milliseconds time) {
  deadline_ = std::chrono::steady_clock::now() + time;
  if (!armed_ || deadline_ < expiry_.expiry()) Arm();
}

// Weak, because a connection of which nothing else is under way is to go.
void Connection::Arm() {
  armed_ = true;
  expiry_.expires_at(deadline_);
  expiry_.async_wait([weak = weak_from_this()](ErrorCode error) {
    if (const auto self = weak.lock()) self->Expire(error);
  });
}

void Connection::Expire(ErrorCode error) {
  if (error) return;  // set anew, or closed
  armed_ = false;
  if (deadline_ == Time::max()) return;
  if (std::chrono::steady_clock::now() < deadline_) return Arm();
  // What a client does not take would stay with the system after a mere close.
  if (writing_) return Reset();
  Close();
}

}  // namespace mockbraze
