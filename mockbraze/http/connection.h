#pragma once

// Internal to the server: it brings Boost.Beast with it.

#include <array>
#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "mockbraze/http/http_message.h"
#include "mockbraze/http/http_server.h"
#include "mockbraze/http/stream.h"

namespace mockbraze {

class Connection;

// Those that are open. Thread safety: all calls from any thread, but CloseAll only when no thread
// serves any more.
class OpenConnections {
 public:
  void Add(Connection* connection);
  void Remove(Connection* connection);
  std::size_t size() const { return size_; }
  void CloseAll();

 private:
  std::mutex mutex_;
  std::unordered_set<Connection*> connections_;
  std::atomic<std::size_t> size_{0};
};

// What all connections of a server share. Lifetime: outlives them.
struct ConnectionSetting {
  HttpServerOptions options;
  std::unique_ptr<boost::asio::ssl::context> tls;  // null: plain HTTP
  HttpHandler* handler = nullptr;
  OpenConnections open;
};

// One connection: read a request, have it answered, write, and again. All of its steps run on its
// own strand, one at a time. It lives as long as something is under way on it.
//
// Heads and chunked bodies go through Beast's parser; a body whose length is announced is read
// straight to where the handler finds it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, ConnectionSetting& setting);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start(ConnectionFault fault);
  void Close();

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Timer = boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Strand>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Step = void (Connection::*)(ErrorCode);

  auto Then(Step step);

  void Shake();
  void Shaken(ErrorCode error);
  void SendTlsAlert(ErrorCode error);

  void ReadMore(Step then);
  void ReadHead();
  void HeadMore(ErrorCode error);
  void HeadRead();
  void ReadBody(ErrorCode error);
  void ReadKnownBody(ErrorCode error);
  void ChunksMore(ErrorCode error);
  void ReadChunks();
  void HandOver(bool too_large);

  void Refuse(int status, const char* body);
  void Answer(Response response);
  void MakeHead(const Response& response);
  void Write(Step then);
  void WaitForNextPiece(ErrorCode error);
  void WritePiece(ErrorCode error);
  void Written(ErrorCode error);
  void Ended(ErrorCode error);
  void Drain(std::chrono::milliseconds time, std::size_t bytes_max);
  void DrainOn();
  void Reset();

  void ExpireAfter(std::chrono::milliseconds time);
  void ExpireNever() { deadline_ = Time::max(); }
  void Arm();
  void Expire(ErrorCode error);

  ConnectionSetting& setting_;
  Stream stream_;

  // The timer is seldom set anew: it looks at the deadline when it ends.
  Timer expiry_;
  Time deadline_ = Time::max();
  bool armed_ = false;
  bool writing_ = false;

  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Request request_;
  std::size_t body_limit_ = 0;
  std::size_t body_left_ = 0;
  std::size_t drain_left_ = 0;
  bool draining_ = false;
  bool close_after_ = false;
  bool old_client_ = false;
  bool head_only_ = false;

  std::array<boost::asio::const_buffer, 2> sending_;
  std::string out_;
  std::string body_;
  std::string rest_;
  std::optional<Timer> pieces_;
  std::chrono::milliseconds piece_delay_{0};
  std::size_t piece_size_ = 0;
};

}  // namespace mockbraze
