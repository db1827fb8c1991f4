#include "server/api/encode_value.h"

#include <simdjson.h>

#include <limits>
#include <string>

namespace peaksync {
namespace {

namespace dom = simdjson::dom;

void Encode(dom::element element, v1::Value* value) {
  switch (element.type()) {
    case dom::element_type::NULL_VALUE:
      return value->set_null_value(google::protobuf::NULL_VALUE);
    case dom::element_type::BOOL:
      return value->set_bool_value(bool(element));
    case dom::element_type::INT64:
    case dom::element_type::UINT64:  // None of ours: values come as int64.
      return value->set_int64_value(std::int64_t(element));
    case dom::element_type::DOUBLE:
      return value->set_double_value(double(element));
    case dom::element_type::STRING:
      return value->set_string_value(std::string(std::string_view(element)));
    case dom::element_type::ARRAY:
      value->mutable_list_value();
      for (const dom::element item : dom::array(element)) {
        Encode(item, value->mutable_list_value()->add_values());
      }
      return;
    case dom::element_type::OBJECT:
      value->mutable_object_value();
      for (const auto& [key, member] : dom::object(element)) {
        v1::ObjectField* field = value->mutable_object_value()->add_fields();
        field->set_key(std::string(key));
        Encode(member, field->mutable_value());
      }
      return;
  }
}

}  // namespace

bool EncodeValue(std::string_view json, v1::Value* value) {
  using Limits = std::numeric_limits<double>;
  if (json == "NaN") return value->set_double_value(Limits::quiet_NaN()), true;
  if (json == "Infinity") return value->set_double_value(Limits::infinity()), true;
  if (json == "-Infinity") return value->set_double_value(-Limits::infinity()), true;
  dom::parser parser;
  dom::element element;
  if (parser.parse(json.data(), json.size()).get(element) != simdjson::SUCCESS) return false;
  Encode(element, value);
  return true;
}

void EncodeCustomer(const Customer& customer, v1::Customer* message) {
  switch (customer.kind) {
    case IdentifierKind::kExternalId:
      return message->set_external_id(customer.id);
    case IdentifierKind::kBrazeId:
      return message->set_braze_id(customer.id);
    case IdentifierKind::kUserAlias:
      message->mutable_user_alias()->set_alias_name(customer.id);
      message->mutable_user_alias()->set_alias_label(customer.label);
      return;
    case IdentifierKind::kEmail:
      return message->set_email(customer.id);
    case IdentifierKind::kPhone:
      return message->set_phone(customer.id);
  }
}

}  // namespace peaksync
