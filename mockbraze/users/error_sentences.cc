#include "mockbraze/users/error_sentences.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mockbraze {
namespace {

struct Sentence {
  std::string_view code;
  std::string_view text;
};

constexpr std::array<Sentence, 3> sentences = {
    {{"BLACKLISTED_EXTERNAL_USER_ID", "provided external_id is blacklisted and disallowed"},
     {"EMAIL_BAD_FORMAT", "The value provided for the 'email' field is not a valid email."},
     {"EXTERNAL_USER_ID_TOO_LARGE", "'external_id' must be fewer than 988 bytes"}}};

}  // namespace

std::string InStyle(std::string code, ErrorStyle style) {
  if (style == ErrorStyle::kCode) return code;
  const auto sentence = std::ranges::find(sentences, code, &Sentence::code);
  return sentence == sentences.end() ? code : std::string(sentence->text);
}

}  // namespace mockbraze
