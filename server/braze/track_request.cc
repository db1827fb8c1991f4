#include "server/braze/track_request.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/check.h"
#include "server/domain/customer.h"
#include "server/domain/value.h"

namespace peaksync {
namespace {

constexpr std::string_view kStart = R"({"attributes":[)";
constexpr std::string_view kEnd = "]}";

// Exactly one identifier: Braze rejects an object with two (docs/braze-contract.md 2.1).
void AppendIdentifier(const Customer& customer, std::string* out) {
  switch (customer.kind) {
    case IdentifierKind::kExternalId:
      out->append(R"("external_id":)");
      break;
    case IdentifierKind::kBrazeId:
      out->append(R"("braze_id":)");
      break;
    case IdentifierKind::kEmail:
      out->append(R"("email":)");
      break;
    case IdentifierKind::kPhone:
      out->append(R"("phone":)");
      break;
    case IdentifierKind::kUserAlias:
      out->append(R"("user_alias":{"alias_name":)");
      AppendJsonString(customer.id, out);
      out->append(R"(,"alias_label":)");
      AppendJsonString(customer.label, out);
      out->push_back('}');
      return;
  }
  AppendJsonString(customer.id, out);
}

// Omitted, it means false for every kind but user_alias (docs/braze-contract.md 2.2, 12 row 6).
void AppendUpdateExistingOnly(IdentifierKind kind, bool create_profiles, std::string* out) {
  if (!create_profiles) {
    out->append(R"(,"_update_existing_only":true)");
  } else if (kind == IdentifierKind::kUserAlias) {
    out->append(R"(,"_update_existing_only":false)");
  }
}

}  // namespace

TrackBody::TrackBody(bool create_profiles) : create_profiles_(create_profiles), body_(kStart) {}

void TrackBody::Add(const TrackObject& object) {
  PEAKSYNC_CHECK(object.customer != nullptr);
  body_.append(objects_ == 0 ? "{" : ",{");
  AppendIdentifier(*object.customer, &body_);
  AppendUpdateExistingOnly(object.customer->kind, create_profiles_, &body_);
  for (const TrackAttribute& attribute : object.attributes) {
    body_.push_back(',');
    AppendJsonString(attribute.name, &body_);
    body_.push_back(':');
    body_.append(attribute.json);
  }
  body_.push_back('}');
  ++objects_;
}

bool TrackBody::AddIfFits(const TrackObject& object, std::size_t bytes_max) {
  const std::size_t bytes_before = body_.size();
  Add(object);
  if (size() <= bytes_max) return true;
  body_.resize(bytes_before);
  --objects_;
  return false;
}

std::size_t TrackBody::size() const { return body_.size() + kEnd.size(); }

std::string TrackBody::Finish() && {
  body_.append(kEnd);
  return std::move(body_);
}

}  // namespace peaksync
