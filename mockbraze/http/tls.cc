#include "mockbraze/http/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "mockbraze/base/limits.h"

namespace mockbraze {
namespace {

template <typename T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, &EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, &X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION, &X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO, &BIO_free_all>>;

Memory MemoryOf(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string TextOf(const Memory& memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

bool Add(const Certificate& certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate.get(), extension.get(), -1) == 1;
}

std::string AlternativeNames(const std::string& host) {
  std::string names = "IP:127.0.0.1,IP:::1,DNS:localhost";
  std::array<unsigned char, sizeof(in6_addr)> address;
  if (inet_pton(AF_INET, host.c_str(), address.data()) == 1) {
    if (host != "127.0.0.1") names += ",IP:" + host;
  } else if (inet_pton(AF_INET6, host.c_str(), address.data()) == 1) {
    if (host != "::1") names += ",IP:" + host;
  } else if (host != "localhost") {
    names += ",DNS:" + host;
  }
  return names;
}

bool SetTimes(const Certificate& certificate, std::chrono::system_clock::time_point now) {
  const auto from = std::chrono::system_clock::to_time_t(now - std::chrono::days(1));
  const auto until = std::chrono::system_clock::to_time_t(now + std::chrono::days(365));
  return ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until);
}

// Not the same for two certificates: clients that keep both would take one for the other.
bool SetSerial(const Certificate& certificate) {
  std::uint64_t serial = 0;
  return RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1;
}

// Not marked as an authority, and without key usages: some clients take no authority for a server,
// and all of them take a certificate that is itself the one they trust.
bool Fill(const Certificate& certificate, const Key& key, const std::string& host,
          std::chrono::system_clock::time_point now) {
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* common_name = reinterpret_cast<const unsigned char*>("mockbraze");
  return X509_set_version(certificate.get(), 2) == 1 && SetSerial(certificate) &&
         SetTimes(certificate, now) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate.get(), name) == 1 &&
         X509_set_pubkey(certificate.get(), key.get()) == 1 &&
         Add(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         Add(certificate, NID_ext_key_usage, "serverAuth") &&
         Add(certificate, NID_subject_key_identifier, "hash") &&
         Add(certificate, NID_subject_alt_name, AlternativeNames(host)) &&
         X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
}

std::optional<std::string> ReadFile(const std::string& path, std::string* problem) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(limits::pem_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.eof() && file.fail()) {
    *problem = errno ? std::strerror(errno) : "it is no readable file";
    return std::nullopt;
  }
  if (text.size() > limits::pem_bytes_max) {
    *problem = "it has more than " + std::to_string(limits::pem_bytes_max) + " bytes";
    return std::nullopt;
  }
  return text;
}

// A key under a password would otherwise be asked for on the terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

}  // namespace

Result<TlsCertificate> MakeCertificate(const std::string& host,
                                       std::chrono::system_clock::time_point now) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const Memory chain_text(BIO_new(BIO_s_mem()));
  const Memory key_text(BIO_new(BIO_s_mem()));
  if (!key || !certificate || !chain_text || !key_text || !Fill(certificate, key, host, now) ||
      PEM_write_bio_X509(chain_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    std::array<char, 256> why;
    ERR_error_string_n(ERR_get_error(), why.data(), why.size());
    return Result<TlsCertificate>::Fail("cannot make a certificate for '" + host +
                                        "': " + why.data());
  }
  return Result<TlsCertificate>::Ok({TextOf(chain_text), TextOf(key_text)});
}

Result<TlsCertificate> ReadCertificate(const std::string& chain_file, const std::string& key_file) {
  using Answer = Result<TlsCertificate>;
  std::string problem;
  auto chain = ReadFile(chain_file, &problem);
  if (!chain) return Answer::Fail("cannot read the certificate " + chain_file + ": " + problem);
  auto key = ReadFile(key_file, &problem);
  if (!key) return Answer::Fail("cannot read the key " + key_file + ": " + problem);

  const Certificate first(PEM_read_bio_X509(MemoryOf(*chain).get(), nullptr, &NoPassword, nullptr));
  if (!first) {
    return Answer::Fail(chain_file +
                        " holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  }
  const Key own(PEM_read_bio_PrivateKey(MemoryOf(*key).get(), nullptr, &NoPassword, nullptr));
  if (!own) {
    return Answer::Fail(key_file +
                        " holds no private key in PEM form, or one that needs a password; write "
                        "it without one (-----BEGIN PRIVATE KEY-----)");
  }
  if (X509_check_private_key(first.get(), own.get()) != 1) {
    return Answer::Fail("the key " + key_file + " is not that of the first certificate in " +
                        chain_file);
  }
  ERR_clear_error();
  return Answer::Ok({std::move(*chain), std::move(*key)});
}

}  // namespace mockbraze
