#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "client/row_source.h"
#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// Remembers which rows the latest batches consist of, so that an acknowledgement that names an
// update by batch and place becomes a message that names a line. Bounded: the oldest batch is
// forgotten.
//
// Thread safety: none.
class PlaceBook {
 public:
  // Where a refused update came from.
  struct Refused {
    RowInfo info;
    std::string text;  // The row's text, if it was kept.
  };

  // The next row of batch `sequence`. `text` is empty when it is not wanted.
  void Add(std::int64_t sequence, std::int64_t line, std::string text);

  // The refused updates of an acknowledgement, one per update: several reasons are joined. Updates
  // of batches that are forgotten have line 0. `id_column` and `updated_at_column` stand for what
  // the service calls `customer` and `updated_at`.
  std::vector<Refused> Find(const v1::BatchAck& ack, const std::string& id_column,
                            const std::string& updated_at_column) const;

 private:
  struct Batch {
    std::int64_t sequence;
    std::vector<std::int64_t> lines;
    std::vector<std::string> texts;  // Empty when texts are not wanted.
  };

  std::deque<Batch> batches_;
};

}  // namespace peaksync::client
