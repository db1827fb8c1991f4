#include "server/ledger/journal.h"

namespace peaksync {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr int kHashBytes = 6;
static_assert(kHashBytes * 8 >= kCustomerHashBits);

// These numbers stand on disk and never change.
enum Tag : std::uint8_t {
  kTagRowSettled = 1,    // The id, less the one before it in the payload.
  kTagValueSettled = 2,  // The same, and the attribute.
  kTagState = 3,         // Hash, bucket.
  kTagTouch = 4,         // Time and source of the touches that follow.
  kTagTouched = 5,       // Hash.
  kTagSentUpTo = 6,      // The id.
};

CustomerHash ReadHash(PackedReader& reader) {
  CustomerHash hash = 0;
  for (int i = 0; i < kHashBytes; ++i) hash |= CustomerHash{reader.Byte()} << (8 * i);
  return hash;
}

}  // namespace

PackedWriter JournalWriter::Entry(std::uint8_t tag) {
  PackedWriter writer(&payload_);
  if (payload_.empty()) writer.Byte(kFormat);
  writer.Byte(tag);
  return writer;
}

void JournalWriter::Hash(PackedWriter& writer, CustomerHash hash) {
  for (int i = 0; i < kHashBytes; ++i) writer.Byte(static_cast<std::uint8_t>(hash >> (8 * i)));
}

void JournalWriter::Settled(OutboxId id) {
  Entry(kTagRowSettled).Signed(id - last_id_);
  last_id_ = id;
}

void JournalWriter::Settled(OutboxId id, std::uint32_t attribute_id) {
  PackedWriter writer = Entry(kTagValueSettled);
  writer.Signed(id - last_id_);
  writer.Number(attribute_id);
  last_id_ = id;
}

void JournalWriter::State(CustomerHash hash, std::string_view bucket) {
  PackedWriter writer = Entry(kTagState);
  Hash(writer, hash);
  writer.Bytes(bucket);
}

void JournalWriter::Touched(CustomerHash hash, const Touch& touch) {
  if (!has_touch_ || touch != last_touch_) {
    PackedWriter writer = Entry(kTagTouch);
    writer.Time(touch.updated_at);
    writer.Number(touch.source_id);
    last_touch_ = touch;
    has_touch_ = true;
  }
  PackedWriter writer = Entry(kTagTouched);
  Hash(writer, hash);
}

void JournalWriter::SentUpTo(OutboxId id) {
  Entry(kTagSentUpTo).Number(static_cast<std::uint64_t>(id));
}

void JournalWriter::Clear() {
  payload_.clear();
  last_id_ = 0;
  has_touch_ = false;
}

absl::Status ReadJournal(std::string_view payload, JournalVisitor& visitor) {
  PackedReader reader(payload);
  bool ok = reader.Byte() == kFormat;
  OutboxId id = 0;
  Touch touch;
  while (ok && reader.ok() && !reader.AtEnd()) {
    const std::uint8_t tag = reader.Byte();
    switch (tag) {
      case kTagRowSettled:
        id += reader.Signed();
        if (reader.ok()) visitor.Settled(id);
        break;
      case kTagValueSettled: {
        id += reader.Signed();
        const std::uint64_t attribute_id = reader.Number();
        if (reader.ok()) visitor.Settled(id, static_cast<std::uint32_t>(attribute_id));
        break;
      }
      case kTagState: {
        const CustomerHash hash = ReadHash(reader);
        const std::string_view bucket = reader.Bytes();
        ok = IsBucket(bucket);
        if (ok && reader.ok()) visitor.State(hash, bucket);
        break;
      }
      case kTagTouch:
        touch.updated_at = reader.Time();
        touch.source_id = static_cast<std::uint32_t>(reader.Number());
        break;
      case kTagTouched: {
        const CustomerHash hash = ReadHash(reader);
        if (reader.ok()) visitor.Touched(hash, touch);
        break;
      }
      case kTagSentUpTo: {
        const auto up_to = static_cast<OutboxId>(reader.Number());
        ok = up_to >= 0;
        if (ok && reader.ok()) visitor.SentUpTo(up_to);
        break;
      }
      default:
        ok = false;
    }
  }
  if (ok && reader.ok()) return absl::OkStatus();
  return absl::DataLossError("a row of the ledger's journal cannot be read");
}

}  // namespace peaksync
