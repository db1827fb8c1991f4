#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/secret.h"

namespace peaksync {

// Reads a regular file of at most `bytes_max` bytes. Every error names the path. Never waits: a
// pipe without a writer is refused like any other thing that is not a file.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, std::size_t bytes_max);

// Bytes that this process may still write where `path` lies.
absl::StatusOr<std::int64_t> FreeDiskBytes(const std::string& path);

struct SecretFile {
  Secret content;
  bool readable_by_others = false;  // Its group or everybody may read it.
};
absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path, std::size_t bytes_max);

}  // namespace peaksync
