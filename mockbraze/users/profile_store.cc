#include "mockbraze/users/profile_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "mockbraze/base/text.h"
#include "mockbraze/users/profile_merge.h"

namespace mockbraze {
namespace {

const std::string* TextField(const Profile& profile, std::string_view name) {
  const Value* field = FindMember(profile.fields, name);
  return field ? field->string() : nullptr;
}

// The texts of the profile's push tokens.
template <typename Use>
void ForEachToken(const Profile& profile, Use use) {
  const Value* tokens = FindMember(profile.fields, "push_tokens");
  if (!tokens || !tokens->list()) return;
  for (const Value& item : *tokens->list()) {
    const Value* token = item.Find("token");
    if (token && token->string()) use(*token->string());
  }
}

bool HasDevice(const Profile& profile, const std::string& device_id) {
  const Value* tokens = FindMember(profile.fields, "push_tokens");
  if (!tokens || !tokens->list()) return false;
  return std::ranges::any_of(*tokens->list(), [&](const Value& token) {
    const Value* device = token.Find("device_id");
    return device && device->string() && *device->string() == device_id;
  });
}

}  // namespace

Profile* ProfileStore::Best(const ByField& index, const std::string& key) {
  Profile* best = nullptr;
  const auto rank = [](const Profile& p) { return std::tuple(!p.external_id.empty(), p.touched); };
  for (auto [at, end] = index.equal_range(key); at != end; ++at) {
    if (!best || rank(*best) < rank(*at->second)) best = at->second;
  }
  return best;
}

void ProfileStore::Erase(ByField& index, const std::string& key, const Profile* profile) {
  const auto [begin, end] = index.equal_range(key);
  const auto found =
      std::find_if(begin, end, [&](const auto& entry) { return entry.second == profile; });
  if (found != end) index.erase(found);
}

Profile* ProfileStore::Find(const Identifier& id) {
  switch (id.kind) {
    case IdKind::kExternalId:
      return by_external_id_.Find(id.value);
    case IdKind::kAlias: {
      const auto found = by_alias_.find(id.CustomerKey());
      return found == by_alias_.end() ? nullptr : found->second;
    }
    case IdKind::kBrazeId: {
      const std::uint64_t serial = SerialOf(id.value, seed_);
      return serial >= 1 && serial <= profiles_.size() ? profiles_[serial - 1].get() : nullptr;
    }
    case IdKind::kEmail:
      return Best(by_email_, id.value);
    case IdKind::kPhone:
      return Best(by_phone_, id.value);
    case IdKind::kPushToken:
      return Best(by_push_token_, id.value);
  }
  return nullptr;
}

void ProfileStore::Expect(std::span<const std::uint64_t> external_ids) const {
  for (const std::uint64_t hash : external_ids) by_external_id_.PrefetchSlot(hash);
  for (const std::uint64_t hash : external_ids) by_external_id_.PrefetchProfile(hash);
  for (const std::uint64_t hash : external_ids) by_external_id_.PrefetchContents(hash);
}

Profile* ProfileStore::Create(const Identifier& id, Clock::Time now) {
  profiles_.push_back(std::make_unique<Profile>());
  Profile* profile = profiles_.back().get();
  profile->serial = profiles_.size();
  profile->created = now;
  switch (id.kind) {
    case IdKind::kExternalId:
      profile->external_id = id.value;
      by_external_id_.Insert(profile);
      order_.Add(profile);
      break;
    case IdKind::kAlias:
      profile->aliases.push_back({id.value, id.label});
      by_alias_.emplace(id.CustomerKey(), profile);
      break;
    case IdKind::kEmail:
      profile->fields.push_back({"email", id.value});
      break;
    case IdKind::kPhone:
      profile->fields.push_back({"phone", id.value});
      break;
    case IdKind::kBrazeId:
    case IdKind::kPushToken:
      break;
  }
  Index(profile);
  return profile;
}

std::vector<Profile*> ProfileStore::FindAll(const Identifier& id) {
  std::vector<Profile*> found;
  if (id.kind != IdKind::kEmail && id.kind != IdKind::kPhone) {
    if (Profile* profile = Find(id)) found.push_back(profile);
    return found;
  }
  const ByField& index = id.kind == IdKind::kEmail ? by_email_ : by_phone_;
  for (auto [at, end] = index.equal_range(id.value); at != end; ++at) found.push_back(at->second);
  return found;
}

void ProfileStore::Remove(Profile* profile) {
  Unindex(profile);
  DropAliases(profile);
  by_external_id_.Erase(profile);
  order_.Drop();
  ++removed_;
  profiles_[profile->serial - 1].reset();
}

bool ProfileStore::AddAlias(Profile* profile, Alias alias) {
  std::string key = Identifier{IdKind::kAlias, alias.name, alias.label}.CustomerKey();
  if (!by_alias_.emplace(std::move(key), profile).second) return false;
  profile->aliases.push_back(std::move(alias));
  return true;
}

void ProfileStore::DropAliases(Profile* profile) {
  for (const Alias& alias : profile->aliases) {
    by_alias_.erase(Identifier{IdKind::kAlias, alias.name, alias.label}.CustomerKey());
  }
  profile->aliases.clear();
}

bool ProfileStore::SetExternalId(Profile* profile, const std::string& external_id) {
  if (by_external_id_.Find(external_id)) return false;
  by_external_id_.Erase(profile);
  profile->external_id = external_id;
  by_external_id_.Insert(profile);
  order_.Drop();
  return true;
}

void ProfileStore::Merge(Profile* from, Profile* into) {
  Profile gone = *from;
  Remove(from);
  for (Alias& alias : gone.aliases) {
    if (!HasLabel(*into, alias.label)) AddAlias(into, std::move(alias));
  }
  Unindex(into);
  TakeOver(std::move(gone), into);
  Index(into);
  Touch(into);
}

std::vector<Profile*> ProfileStore::FindByDevice(const std::string& device_id) const {
  std::vector<Profile*> found;
  for (const auto& profile : profiles_) {
    if (profile && HasDevice(*profile, device_id)) found.push_back(profile.get());
  }
  return found;
}

Value::Object ProfileStore::ExportWithTypes(const Profile& profile) const {
  Value::Object user = Export(profile);
  user.push_back({"custom_attribute_types", ExportTypes(profile, names_)});
  return user;
}

void ProfileStore::Restore(Profile* profile, Profile copy) {
  Unindex(profile);
  profile->fields = std::move(copy.fields);
  profile->attributes = std::move(copy.attributes);
  profile->events = std::move(copy.events);
  profile->purchases = std::move(copy.purchases);
  profile->revenue = copy.revenue;
  Index(profile);
}

void ProfileStore::Unindex(Profile* profile) {
  if (const auto* email = TextField(*profile, "email")) Erase(by_email_, ToLower(*email), profile);
  if (const auto* phone = TextField(*profile, "phone")) Erase(by_phone_, *phone, profile);
  ForEachToken(*profile, [&](const std::string& token) { Erase(by_push_token_, token, profile); });
}

void ProfileStore::Index(Profile* profile) {
  if (const auto* email = TextField(*profile, "email")) {
    by_email_.emplace(ToLower(*email), profile);
  }
  if (const auto* phone = TextField(*profile, "phone")) by_phone_.emplace(*phone, profile);
  ForEachToken(*profile, [&](const std::string& token) { by_push_token_.emplace(token, profile); });
}

std::vector<const Profile*> ProfileStore::After(std::string_view after, std::size_t limit,
                                                std::string_view prefix) {
  if (!order_.is_made()) {
    std::vector<const Profile*> all;
    all.reserve(by_external_id_.size());
    by_external_id_.ForEach([&](const Profile* profile) { all.push_back(profile); });
    order_.Make(std::move(all));
  }
  return order_.After(after, limit, prefix);
}

}  // namespace mockbraze
