#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/tenant_directory.h"

namespace peaksync {

// Reads "NAME" or "NAME push" or "NAME all": a credential and what it may do (all, when absent).
// False when the second word is none of them or there are more words.
bool SplitCredential(std::string_view text, std::string_view& name, Permission& permission);

// Reads the text of a token file or variable: a token a line, `TOKEN [push|all]`; blank lines and
// lines that begin with # do not count. Errors name `where` and the line, never what stands there.
absl::StatusOr<std::vector<TokenCredential>> ParseTokens(std::string_view text,
                                                         const std::string& where);

// An entry of token_sha256: "64 hex digits [push|all]", as `printf %s TOKEN | sha256sum` makes it.
absl::StatusOr<TokenCredential> ParseTokenHash(std::string_view text);

}  // namespace peaksync
