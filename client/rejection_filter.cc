#include "client/rejection_filter.h"

#include "client/customer_text.h"
#include "client/push_options.h"
#include "client/row_rules.h"
#include "client/status_macros.h"
#include "client/text.h"

namespace peaksync::client {
namespace {

using Flag = std::optional<std::string>;

// Puts a flag's text into a field of a message.
absl::Status Take(const std::string& name, const Flag& flag, std::string* field) {
  if (!flag) return absl::OkStatus();
  if (flag->empty()) return Invalid(name, ": is empty; leave the flag out to mean any");
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckText(name, *flag));
  *field = *flag;
  return absl::OkStatus();
}

absl::Status TakeCustomer(const Flag& customer, const Flag& id_kind, v1::Customer* out) {
  if (!customer) return Invalid("--id-kind: says what --customer is; give that too");
  std::string id;
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Take("--customer", customer, &id));
  RowOptions kind;
  if (id_kind) PEAKSYNC_CLIENT_RETURN_IF_ERROR(ParseIdKind(*id_kind, &kind));
  SetIdentifier(kind, id, out);
  return absl::OkStatus();
}

absl::Status CheckDecided(bool has_filter, bool all, std::string_view filters) {
  if (has_filter && all) return Invalid("--all: means everything; give it or a filter, not both");
  if (has_filter || all) return absl::OkStatus();
  return Invalid("say which ones are meant (", filters, "), or --all");
}

}  // namespace

absl::StatusOr<v1::RejectionFilter> ToFilter(const RejectionFlags& flags) {
  v1::RejectionFilter filter;
  if (flags.source) PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckSource(*flags.source));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Take("--source", flags.source, filter.mutable_source()));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Take("--run", flags.run_id, filter.mutable_run_id()));
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(Take("--attribute", flags.attribute, filter.mutable_attribute()));
  if (flags.customer || flags.id_kind) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(
        TakeCustomer(flags.customer, flags.id_kind, filter.mutable_customer()));
  }
  if (!flags.kind) return filter;
  if (*flags.kind == "validation") {
    filter.set_kind(v1::REJECTION_KIND_VALIDATION);
  } else if (*flags.kind == "braze") {
    filter.set_kind(v1::REJECTION_KIND_BRAZE);
  } else {
    return Invalid("--kind: '", *flags.kind, "' is neither validation nor braze");
  }
  return filter;
}

absl::StatusOr<v1::RejectionFilter> ToDecidedFilter(const RejectionFlags& flags) {
  const bool has_filter = flags.source || flags.run_id || flags.attribute || flags.customer ||
                          flags.id_kind || flags.kind;
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(CheckDecided(
      has_filter, flags.all, "--source, --run, --attribute, --customer and --kind go together"));
  return ToFilter(flags);
}

absl::StatusOr<v1::ResyncRequest> ToRequest(const ResyncFlags& flags) {
  const bool has_filter = flags.attribute || flags.customer || flags.id_kind;
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      CheckDecided(has_filter, flags.all, "--attribute, --customer or both"));
  v1::ResyncRequest request;
  request.set_validate_only(true);
  PEAKSYNC_CLIENT_RETURN_IF_ERROR(
      Take("--attribute", flags.attribute, request.mutable_attribute()));
  if (flags.customer || flags.id_kind) {
    PEAKSYNC_CLIENT_RETURN_IF_ERROR(
        TakeCustomer(flags.customer, flags.id_kind, request.mutable_customer()));
  }
  return request;
}

}  // namespace peaksync::client
