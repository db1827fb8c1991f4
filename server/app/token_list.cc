#include "server/app/token_list.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "server/base/text.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

// Short ones can be guessed, since a caller may try as often as it likes.
constexpr std::size_t kTokenCharactersMin = 16;

bool IsGraphic(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

}  // namespace

bool SplitCredential(std::string_view text, std::string_view& name, Permission& permission) {
  // Cut at the first blank: a third word leaves a blank in the second, which is then no permission.
  text = text::Strip(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  name = text.substr(0, end);
  const std::string_view word = text::Strip(text.substr(end));
  permission = word == "push" ? Permission::kPush : Permission::kAll;
  return !name.empty() && (word.empty() || word == "push" || word == "all");
}

absl::StatusOr<std::vector<TokenCredential>> ParseTokens(std::string_view text,
                                                         const std::string& where) {
  std::vector<TokenCredential> tokens;
  int number = 0;
  for (std::string_view line : text::Split(text, '\n')) {
    ++number;
    line = text::Strip(line);
    if (line.empty() || line.front() == '#') continue;
    std::string_view token;
    TokenCredential credential;
    if (!SplitCredential(line, token, credential.permission)) {
      return absl::InvalidArgumentError(
          Concat(where, ":", number, ": write TOKEN, TOKEN push or TOKEN all"));
    }
    if (!IsGraphic(token)) {
      return absl::InvalidArgumentError(
          Concat(where, ":", number, ": a token may hold visible ASCII characters only"));
    }
    if (token.size() < kTokenCharactersMin) {
      return absl::InvalidArgumentError(Concat(
          where, ":", number, ": the token has ", token.size(), " characters; it needs at least ",
          kTokenCharactersMin, ", best random ones (openssl rand -hex 32)"));
    }
    credential.sha256 = Sha256(token);
    tokens.push_back(credential);
  }
  if (tokens.empty()) return absl::InvalidArgumentError(Concat(where, " holds no token"));
  return tokens;
}

absl::StatusOr<TokenCredential> ParseTokenHash(std::string_view text) {
  std::string_view hex;
  TokenCredential credential;
  const bool shaped = SplitCredential(text, hex, credential.permission);
  const bool digits = std::all_of(hex.begin(), hex.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (!shaped || !digits || hex.size() != 2 * credential.sha256.size()) {
    return absl::InvalidArgumentError(
        "must be the SHA-256 of a token as 64 hexadecimal digits, alone or followed by push or all "
        "(printf %s TOKEN | sha256sum)");
  }
  const std::string bytes = absl::HexStringToBytes(std::string(hex));
  std::copy(bytes.begin(), bytes.end(), credential.sha256.begin());
  return credential;
}

}  // namespace peaksync
