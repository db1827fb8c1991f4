#pragma once

#include <string_view>

// The lists behind profile fields and purchases, compiled in: docs/braze-contract.md sections 2.3
// and 3. Thread safety: pure functions on constants.
namespace mockbraze {

// The alpha-2 code of a country by its ISO 3166-1 code or one of its usual English names, in any
// case; empty when it is none.
std::string_view CountryCode(std::string_view text);
// ISO 639-1, in lower case.
bool IsLanguageCode(std::string_view text);
// A name of the IANA database, or one of Rails.
bool IsTimeZone(std::string_view text);
// ISO 4217, in capitals.
bool IsCurrencyCode(std::string_view text);

// The raw lists; each entry ends in ';'.
extern const std::string_view country_list;
extern const std::string_view time_zone_list;
extern const std::string_view rails_zone_list;

}  // namespace mockbraze
