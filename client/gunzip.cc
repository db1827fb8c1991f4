#include "client/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "client/limits.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib's way to say: a gzip header, nothing else.
constexpr unsigned char kMagic[] = {0x1f, 0x8b};

class GunzipSource final : public ByteSource {
 public:
  GunzipSource(std::unique_ptr<ByteSource> inner, std::string name)
      : inner_(std::move(inner)), name_(std::move(name)), packed_(limits::kReadChunkBytes) {}
  ~GunzipSource() override {
    if (inflating_) inflateEnd(&stream_);
  }
  GunzipSource(const GunzipSource&) = delete;
  GunzipSource& operator=(const GunzipSource&) = delete;

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override;
  std::optional<std::int64_t> size() const override {
    return kind_ == Kind::kGzip ? std::nullopt : inner_->size();
  }

 private:
  enum class Kind : std::uint8_t { kUnknown, kPlain, kGzip };

  absl::Status LookAtHead();
  // Adds bytes behind those that are left; false at the end.
  absl::StatusOr<bool> Fill();
  absl::StatusOr<std::size_t> ReadPlain(char* buffer, std::size_t size);
  absl::StatusOr<std::size_t> Inflate(char* buffer, std::size_t size);
  absl::Status BeginMember();
  std::size_t left() const { return end_ - begin_; }
  bool IsMagic() const {
    return left() >= sizeof kMagic && std::memcmp(&packed_[begin_], kMagic, sizeof kMagic) == 0;
  }

  const std::unique_ptr<ByteSource> inner_;
  const std::string name_;
  Kind kind_ = Kind::kUnknown;
  std::vector<unsigned char> packed_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  z_stream stream_{};
  bool inflating_ = false;  // Inside of a member.
};

absl::StatusOr<bool> GunzipSource::Fill() {
  if (begin_ > 0) {
    std::memmove(packed_.data(), &packed_[begin_], left());
    end_ -= begin_;
    begin_ = 0;
  }
  PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(
      const std::size_t count,
      inner_->Read(reinterpret_cast<char*>(&packed_[end_]), packed_.size() - end_));
  end_ += count;
  return count > 0;
}

absl::Status GunzipSource::LookAtHead() {
  while (left() < sizeof kMagic) {
    PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  kind_ = IsMagic() ? Kind::kGzip : Kind::kPlain;
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> GunzipSource::ReadPlain(char* buffer, std::size_t size) {
  if (left() == 0) return inner_->Read(buffer, size);
  const std::size_t count = std::min(size, left());
  std::memcpy(buffer, &packed_[begin_], count);
  begin_ += count;
  return count;
}

absl::Status GunzipSource::BeginMember() {
  stream_ = {};
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) {
    return absl::ResourceExhaustedError(Cat("can't unpack ", name_, ": no memory"));
  }
  inflating_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> GunzipSource::Inflate(char* buffer, std::size_t size) {
  for (;;) {
    if (left() < sizeof kMagic) {
      PEAKSYNC_CLIENT_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more && left() == 0 && !inflating_) return 0;
      if (!more && left() == 0) {
        return Invalid(name_, ": the gzip file is cut off; nothing after that could be read");
      }
    }
    if (!inflating_) {
      // Padding of zeros after the last member is usual on tapes and harmless.
      if (!IsMagic() && packed_[begin_] == 0) {
        ++begin_;
        continue;
      }
      PEAKSYNC_CLIENT_RETURN_IF_ERROR(BeginMember());
    }
    stream_.next_in = &packed_[begin_];
    stream_.avail_in = static_cast<uInt>(left());
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, limits::kReadChunkBytes));
    const uInt room = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    begin_ = end_ - stream_.avail_in;
    if (result == Z_STREAM_END) {
      inflateEnd(&stream_);
      inflating_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Invalid(name_, ": the gzip file is damaged (",
                     stream_.msg != nullptr ? stream_.msg : "no gzip data", "); write it again");
    }
    if (room > stream_.avail_out) return room - stream_.avail_out;
  }
}

absl::StatusOr<std::size_t> GunzipSource::Read(char* buffer, std::size_t size) {
  if (kind_ == Kind::kUnknown) PEAKSYNC_CLIENT_RETURN_IF_ERROR(LookAtHead());
  return kind_ == Kind::kGzip ? Inflate(buffer, size) : ReadPlain(buffer, size);
}

}  // namespace

std::unique_ptr<ByteSource> Gunzip(std::unique_ptr<ByteSource> inner, std::string name) {
  return std::make_unique<GunzipSource>(std::move(inner), std::move(name));
}

}  // namespace peaksync::client
