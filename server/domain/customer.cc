#include "server/domain/customer.h"

#include "absl/strings/ascii.h"

namespace peaksync {

std::string Customer::Key() const {
  // The kind, then for an alias its label with its length before it, then the id: no two customers
  // share a key, whatever bytes their ids hold.
  std::string key;
  key.reserve(3 + label.size() + id.size());
  key.push_back(static_cast<char>(kind));
  if (kind == IdentifierKind::kUserAlias) {
    key.push_back(static_cast<char>(label.size() >> 8));
    key.push_back(static_cast<char>(label.size() & 0xFF));
    key.append(label);
  }
  if (kind == IdentifierKind::kEmail) {
    key.append(absl::AsciiStrToLower(id));
  } else {
    key.append(id);
  }
  return key;
}

}  // namespace peaksync
