#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "client/row_source.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// A rejection's values have to be pushed again under the same source and kind of identifier.
struct PushTarget {
  std::string source;  // Empty: not known, the run is forgotten.
  std::string id_kind;

  friend bool operator==(const PushTarget&, const PushTarget&) = default;
};

// Writes rejections so that they can be mended and pushed again, in constant memory.
//
// CSV: one line a rejection. `value_column` is the attribute's name if all are of one attribute:
// then the file can be pushed as it is. JSON Lines: one object for all adjacent rejections of an
// update; it holds the values by attribute, and everything else under `peaksync`.
//
// Lifetime: `out` must outlive it. Thread safety: none.
class RejectionWriter {
 public:
  // `value_column`: for CSV; empty: `value`.
  RejectionWriter(FileFormat format, const std::string& value_column, std::ostream& out);
  ~RejectionWriter();
  RejectionWriter(const RejectionWriter&) = delete;
  RejectionWriter& operator=(const RejectionWriter&) = delete;

  void Add(const v1::Rejection& rejection, const std::string& source);
  // Writes what is left.
  void Finish();

  std::int64_t rejections() const;
  std::int64_t rows() const;
  // What the file has to be pushed to, each once.
  const std::vector<PushTarget>& targets() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The command that pushes an exported file, for people: one for the file's target. Empty where
// that can't be done with one command. Pure.
std::string PushCommand(const std::string& file, FileFormat format, const std::string& attribute,
                        const PushTarget& target);

}  // namespace peaksync::client
