#pragma once

#include <string_view>

#include "mockbraze/users/profile.h"

// What becomes of two profiles that are merged, docs/braze-contract.md section 7.6.
// Thread safety: pure functions.
namespace mockbraze {

// Gives `into` what `from` holds and it does not: fields and custom attributes. Events, purchases
// and revenue are added up, from the earlier first to the later last time. Identity and aliases
// stay as they are.
void TakeOver(Profile from, Profile* into);

// Section 2.1: a user has one alias name per label.
bool HasLabel(const Profile& profile, std::string_view alias_label);

}  // namespace mockbraze
