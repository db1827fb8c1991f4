#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

namespace mockbraze {

// One blocking connection to a loopback port: writes bytes, reads answers. Every read ends after
// ten seconds, so that a test fails instead of hanging.
class HttpClient {
 public:
  struct Answer {
    int status = 0;  // 0: the connection ended before a whole head came
    std::string head;
    std::string body;
    bool complete = false;  // as many bytes of body as the head says
    int error = 0;          // errno of the read that ended it, 0 for a clean end
  };

  explicit HttpClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval timeout{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~HttpClient() { close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool connected() const { return connected_; }

  // False when the peer is gone.
  bool Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void EndWriting() const { shutdown(fd_, SHUT_WR); }

  Answer Read() {
    Answer answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!More(&answer)) return answer;
    }
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::size_t length_at = answer.head.find("content-length: ");
    const std::size_t length =
        length_at == std::string::npos ? 0 : std::stoul(answer.head.substr(length_at + 16));
    while (buffer_.size() < length && More(&answer)) {
    }
    answer.complete = buffer_.size() >= length;
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }

  Answer Send(const std::string& method, const std::string& target, const std::string& body = "") {
    Write(Head(method, target, body.size()) + body);
    return Read();
  }

  static std::string Head(const std::string& method, const std::string& target,
                          std::size_t length) {
    return method + " " + target +
           " HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer key\r\n"
           "Content-Length: " +
           std::to_string(length) + "\r\n\r\n";
  }

 private:
  bool More(Answer* answer) {
    char bytes[16384];
    const ssize_t got = recv(fd_, bytes, sizeof(bytes), 0);
    if (got <= 0) {
      answer->error = got < 0 ? errno : 0;
      return false;
    }
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace mockbraze
