#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"

namespace peaksync::client {

// A file with customers' data in it: only its owner may read it (0600), also when it was there
// before. A device or pipe is written to as it is.
//
// Thread safety: none.
class PrivateFile {
 public:
  // Makes or empties the file. INVALID_ARGUMENT, with the path, when that can't be done.
  static absl::StatusOr<std::unique_ptr<PrivateFile>> Open(const std::string& path);
  ~PrivateFile();
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;

  std::ostream& out();
  // Writes the rest. UNAVAILABLE when not all could be written.
  absl::Status Close();

 private:
  struct Impl;
  explicit PrivateFile(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace peaksync::client
