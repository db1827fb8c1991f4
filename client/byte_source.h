#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace peaksync::client {

// Where the bytes of a file come from.
//
// Thread safety: none; one thread reads.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads up to `size` bytes. 0: the end. May return fewer than asked for before the end.
  virtual absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) = 0;
  // The size of the whole, if it is known; for progress only.
  virtual std::optional<std::int64_t> size() const { return std::nullopt; }
};

// A file, or standard input for `-`, unpacked if it is gzip. INVALID_ARGUMENT when it can't be
// opened; reading fails with UNAVAILABLE.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path);

// Bytes in memory, handed out in pieces of at most `piece` bytes.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string bytes, std::size_t piece = SIZE_MAX)
      : bytes_(std::move(bytes)), piece_(piece) {}
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override;
  std::optional<std::int64_t> size() const override {
    return static_cast<std::int64_t>(bytes_.size());
  }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::size_t offset_ = 0;
};

// Reads a head twice: what is read before Rewind() is kept and comes again after it. So a file, or
// a pipe, can be looked at before it is used.
//
// Lifetime: `inner` must outlive it.
class RewindableSource final : public ByteSource {
 public:
  explicit RewindableSource(ByteSource& inner) : inner_(inner) {}
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override;
  std::optional<std::int64_t> size() const override { return inner_.size(); }

  // From here on the kept bytes come first, and nothing more is kept. Once only.
  void Rewind() { recording_ = false; }
  // How many bytes are kept.
  std::size_t kept_bytes() const { return kept_.size(); }
  // How many bytes have been handed out since Rewind().
  std::int64_t bytes_read() const { return bytes_read_; }

 private:
  ByteSource& inner_;
  bool recording_ = true;
  std::string kept_;
  std::size_t offset_ = 0;
  std::int64_t bytes_read_ = 0;
};

}  // namespace peaksync::client
