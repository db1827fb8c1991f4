#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/customer.h"

namespace peaksync {

// One attribute as it goes out. Both point to what the ledger's lease keeps alive.
struct TrackAttribute {
  std::string_view name;
  std::string_view json;
};

// One customer's attributes object.
struct TrackObject {
  const Customer* customer = nullptr;
  std::vector<TrackAttribute> attributes;
};

// Where a tenant's requests go.
struct BrazeRoute {
  std::string endpoint;         // "https://rest.fra-01.braze.eu", without a trailing slash.
  bool bulk_endpoint = false;   // /users/track/bulk instead of /users/track.
  bool create_profiles = true;  // False: `_update_existing_only` (contract 2.2).
};

// Writes bodies of POST /users/track: {"attributes":[…]}, one object a customer (contract 1.5, 2).
// User aliases always carry `_update_existing_only` explicitly, since Braze's default for them
// differs. Thread safety: none needed; a value type.
class TrackBody {
 public:
  explicit TrackBody(bool create_profiles);
  void Add(const TrackObject& object);
  // Adds the object unless the body would then be larger than `bytes_max`. False: nothing changed.
  bool AddIfFits(const TrackObject& object, std::size_t bytes_max);
  // Bytes that the body has, with its end.
  std::size_t size() const;
  std::size_t objects() const { return objects_; }
  std::string Finish() &&;

 private:
  bool create_profiles_;
  std::size_t objects_ = 0;
  std::string body_;
};

}  // namespace peaksync
