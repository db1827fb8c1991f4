#include "server/rules/reserved_names.h"

#include <algorithm>
#include <cstddef>

#include "server/base/limits.h"
#include "server/domain/concat.h"
#include "server/domain/utf8.h"

namespace peaksync {
namespace {

// docs/braze-contract.md 2.1; push_token_import (2.2) is the one control member without a `_`.
constexpr std::string_view kNeverAttributes[] = {"alias_label", "alias_name", "braze_id",
                                                 "external_id", "user_alias", "push_token_import"};

// docs/braze-contract.md 2.3, also what only older copies of Braze's pages list.
constexpr std::string_view kProfileFields[] = {
    "bio",
    "country",
    "current_location",
    "date_of_first_session",
    "date_of_last_session",
    "dob",
    "email",
    "email_click_tracking_disabled",
    "email_open_tracking_disabled",
    "email_subscribe",
    "email_subscription_info",
    "facebook",
    "first_name",
    "gender",
    "home_city",
    "image_url",
    "language",
    "last_name",
    "marked_email_as_spam_at",
    "phone",
    "push_subscribe",
    "push_tokens",
    "subscription_groups",
    "time_zone",
    "twitter",
};

}  // namespace

std::optional<std::string> ProblemOfName(std::string_view name) {
  if (name.empty()) return "the attribute has no name: give it one";
  const std::optional<std::size_t> characters = CountCharacters(name);
  if (!characters) return "the attribute's name is not valid UTF-8";
  if (*characters > limits::kNameCharactersMax) {
    return Concat("the attribute's name is longer than ", limits::kNameCharactersMax,
                  " characters: shorten it");
  }
  if (name.front() == '_') {
    return "names that begin with _ are Braze's control members: rename the attribute in the model";
  }
  if (std::ranges::find(kNeverAttributes, name) != std::end(kNeverAttributes)) {
    return Concat(name,
                  " names a customer or controls the request, so it is never an attribute: "
                  "leave it out, or rename it in the model");
  }
  return std::nullopt;
}

bool IsProfileField(std::string_view name) {
  return std::ranges::find(kProfileFields, name) != std::end(kProfileFields);
}

}  // namespace peaksync
