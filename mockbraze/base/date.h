#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mockbraze/base/clock.h"

// Dates as Braze reads them. Thread safety: pure functions.
namespace mockbraze {

// The time of a text in one of the forms of docs/braze-contract.md section 2.4: ISO 8601 or
// yyyy-MM-ddTHH:mm:ss:SSSZ, yyyy-MM-ddTHH:mm:ss, yyyy-MM-dd HH:mm:ss, yyyy-MM-dd, MM/dd/yyyy,
// ddd MM dd HH:mm:ss.TZD YYYY. Without a zone it is UTC. None for other texts, days that no
// calendar has, and years beyond 3000, which are plain strings there.
std::optional<Clock::Time> ParseDate(std::string_view text);
// The same of the forms that begin with the year alone: those of the times of events and purchases
// (sections 3 and 11).
std::optional<Clock::Time> ParseIsoDate(std::string_view text);
inline bool LooksLikeDate(std::string_view text) { return ParseDate(text).has_value(); }

// "2026-09-07T02:00:00.000Z"
std::string IsoTime(Clock::Time time);

}  // namespace mockbraze
