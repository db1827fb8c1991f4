#include "mockbraze/http/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <string>

namespace mockbraze {
namespace {

namespace ssl = boost::asio::ssl;

// Protocol names as ALPN writes them, each after its length.
constexpr unsigned char protocols[] = "\x08http/1.1\x08http/1.0";

int ChooseProtocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void* /*data*/) {
  unsigned char* chosen = nullptr;
  const int outcome = SSL_select_next_proto(&chosen, out_size, protocols, sizeof(protocols) - 1,
                                            offered, offered_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

Result<std::unique_ptr<ssl::context>> MakeTlsContext(const TlsCertificate& certificate) {
  using Answer = Result<std::unique_ptr<ssl::context>>;
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  ErrorCode error;
  context->use_certificate_chain(boost::asio::buffer(certificate.chain), error);
  if (error) return Answer::Fail("cannot use the certificate: " + error.message());
  context->use_private_key(boost::asio::buffer(certificate.key), ssl::context::pem, error);
  if (error) return Answer::Fail("cannot use the key with its certificate: " + error.message());
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_alpn_select_cb(native, &ChooseProtocol, nullptr);
  return Answer::Ok(std::move(context));
}

bool IsPlainHttp(const ErrorCode& handshake_error) {
  return handshake_error.category() == boost::asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(handshake_error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace mockbraze
