#include "client/customer_text.h"

#include <array>
#include <string_view>
#include <utility>

#include "client/status_macros.h"
#include "client/text.h"
#include "client/utf8.h"

namespace peaksync::client {

absl::Status ParseIdKind(const std::string& text, RowOptions* rows) {
  constexpr std::array<std::pair<std::string_view, IdKind>, 4> kinds = {
      {{"external_id", IdKind::kExternalId},
       {"braze_id", IdKind::kBrazeId},
       {"email", IdKind::kEmail},
       {"phone", IdKind::kPhone}}};
  for (const auto& [name, kind] : kinds) {
    if (text != name) continue;
    rows->id_kind = kind;
    return absl::OkStatus();
  }
  std::string_view label = text;
  if (TakePrefix(&label, "user_alias:") && !label.empty()) {
    rows->id_kind = IdKind::kUserAlias;
    rows->alias_label = std::string(label);
    return IsUtf8(text) ? absl::OkStatus() : Invalid("--id-kind: is not valid UTF-8");
  }
  return Invalid("--id-kind: '", text,
                 "' is none of external_id, braze_id, email, phone, user_alias:LABEL");
}

std::string IdKindText(const v1::Customer& customer) {
  switch (customer.identifier_case()) {
    case v1::Customer::kBrazeId:
      return "braze_id";
    case v1::Customer::kUserAlias:
      return Cat("user_alias:", customer.user_alias().alias_label());
    case v1::Customer::kEmail:
      return "email";
    case v1::Customer::kPhone:
      return "phone";
    default:
      return "external_id";
  }
}

const std::string& IdentifierOf(const v1::Customer& customer) {
  switch (customer.identifier_case()) {
    case v1::Customer::kBrazeId:
      return customer.braze_id();
    case v1::Customer::kUserAlias:
      return customer.user_alias().alias_name();
    case v1::Customer::kEmail:
      return customer.email();
    case v1::Customer::kPhone:
      return customer.phone();
    default:
      return customer.external_id();
  }
}

std::string CustomerText(const v1::Customer& customer) {
  const std::string& id = IdentifierOf(customer);
  return customer.has_external_id() ? id : Cat(IdKindText(customer), " ", id);
}

std::string KindText(v1::RejectionKind kind) {
  return kind == v1::REJECTION_KIND_BRAZE ? "braze" : "validation";
}

}  // namespace peaksync::client
