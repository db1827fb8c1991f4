#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mockbraze {

// One blocking connection to a loopback port, plain or with TLS: writes bytes, reads answers. Every
// read ends after ten seconds, so that a test fails instead of hanging.
class HttpClient {
 public:
  struct Answer {
    int status = 0;  // 0: the connection ended before a whole head came
    std::string head;
    std::string body;
    bool complete = false;  // as many bytes of body as the head says
    int error = 0;          // errno of the read that ended it, 0 for a clean end
  };

  // With a trusted certificate (PEM) the handshake is done at once; tls_error() says how it went.
  HttpClient(std::uint16_t port, const std::string& trusted, const std::string& name = "127.0.0.1")
      : HttpClient(port) {
    Shake(trusted, name);
  }
  explicit HttpClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval timeout{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~HttpClient() {
    if (ssl_) SSL_shutdown(ssl_.get());
    close(fd_);
  }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool connected() const { return connected_; }
  // OpenSSL's reason why the handshake failed; empty when it did not.
  const std::string& tls_error() const { return tls_error_; }
  // What ALPN agreed on.
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  // Whether the peer ended TLS before it closed.
  bool tls_ended() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  // Reads, and throws away, until the peer closes or resets.
  bool EndsWithin10Seconds() {
    Answer end;
    while (More(&end)) buffer_.clear();
    return end.error != EAGAIN;
  }
  // Waits, without reading, until the peer has reset the connection; false after ten seconds.
  bool WaitForReset() const {
    pollfd waiting{fd_, 0, 0};
    return poll(&waiting, 1, 10'000) == 1 && (waiting.revents & POLLERR) != 0;
  }

  // False when the peer is gone.
  bool Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ssl_
                               ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                               : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
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
    const ssize_t got =
        ssl_ ? SSL_read(ssl_.get(), bytes, sizeof(bytes)) : recv(fd_, bytes, sizeof(bytes), 0);
    if (got <= 0) {
      answer->error = got < 0 ? errno : 0;
      return false;
    }
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  void Shake(const std::string& trusted, const std::string& name) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> pem(
        BIO_new_mem_buf(trusted.data(), static_cast<int>(trusted.size())), &BIO_free_all);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr), &X509_free);
    if (certificate) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), certificate.get());
    }
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    ssl_.reset(SSL_new(context_.get()));
    X509_VERIFY_PARAM* check = SSL_get0_param(ssl_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(check, name.c_str()) != 1) {
      X509_VERIFY_PARAM_set1_host(check, name.data(), name.size());
    }
    constexpr unsigned char protocols[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(ssl_.get(), protocols, sizeof(protocols) - 1);
    SSL_set_fd(ssl_.get(), fd_);
    ERR_clear_error();
    if (SSL_connect(ssl_.get()) == 1) return;
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    tls_error_ = reason ? reason : "connection ended";
    ERR_clear_error();
  }

  int fd_;
  bool connected_ = false;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  std::string tls_error_;
  std::string buffer_;
};

}  // namespace mockbraze
