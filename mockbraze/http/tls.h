#pragma once

#include <chrono>
#include <string>

#include "mockbraze/base/result.h"

namespace mockbraze {

// What a server shows its clients, as PEM texts. Thread safety: as plain structs.
struct TlsCertificate {
  std::string chain;  // the server's own certificate first
  std::string key;
};

// A certificate of its own for 127.0.0.1, ::1, localhost and the host, valid from the day before
// `now` for a year. It signs itself, so a client that is to trust it takes it as its authority. The
// key is made anew each time and stands nowhere else.
Result<TlsCertificate> MakeCertificate(const std::string& host,
                                       std::chrono::system_clock::time_point now);

// Reads both files. Fails with a text that names the file when one cannot be read or holds
// something else, or when the key is not that of the certificate.
Result<TlsCertificate> ReadCertificate(const std::string& chain_file, const std::string& key_file);

}  // namespace mockbraze
