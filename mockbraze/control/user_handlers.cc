// Looking at users.

#include <algorithm>
#include <array>
#include <utility>

#include "mockbraze/base/date.h"
#include "mockbraze/base/limits.h"
#include "mockbraze/base/text.h"
#include "mockbraze/control/handlers.h"

namespace mockbraze {
namespace {

// The identifier that a query names, or what is wrong with the query.
Result<Identifier> ReadIdentifier(const Query& query) {
  const auto text = [&](std::string_view name) {
    const std::string* value = Parameter(query, name);
    return value ? *value : std::string();
  };
  static constexpr std::array<std::pair<std::string_view, IdKind>, 5> kinds = {
      {{"external_id", IdKind::kExternalId},
       {"braze_id", IdKind::kBrazeId},
       {"email", IdKind::kEmail},
       {"phone", IdKind::kPhone},
       {"alias_name", IdKind::kAlias}}};
  std::optional<Identifier> id;
  for (const auto& [name, kind] : kinds) {
    if (!Parameter(query, name)) continue;
    if (id) return Result<Identifier>::Fail("name one identifier, not several");
    id = Identifier{kind, kind == IdKind::kEmail ? ToLower(text(name)) : text(name), {}};
  }
  const bool alias = id && id->kind == IdKind::kAlias;
  if (!id || alias != (Parameter(query, "alias_label") != nullptr)) {
    return Result<Identifier>::Fail(
        "name external_id, braze_id, email, phone, or alias_name and alias_label");
  }
  if (alias) id->label = text("alias_label");
  return Result<Identifier>::Ok(std::move(*id));
}

Response Page(const ControlCall& call) {
  const auto limit = ReadLimit(call.query, limits::users_page_default, limits::users_page_max);
  if (!limit.ok()) return ControlError(400, limit.error());
  const std::string* after = Parameter(call.query, "after");
  const std::string* prefix = Parameter(call.query, "prefix");
  UsersPage page =
      call.workspace->users.Page(after ? *after : "", limit.value(), prefix ? *prefix : "");
  Value::Object body{{"users", std::move(page.users)}};
  if (page.next_after) body.push_back({"next_after", std::move(*page.next_after)});
  return ControlJson(200, std::move(body));
}

// Answers with the user as soon as all that had been accepted when the call came is processed, at
// the latest after `wait`.
struct UserWatch {
  ControlCall call;
  HttpHandler::Done done;
  Identifier id;
  Clock::Time processed_at;
  std::chrono::milliseconds wait;
  bool waits;

  static void Look(std::shared_ptr<UserWatch> watch) {
    Workspace& workspace = *watch->call.workspace;
    if (watch->wait.count() > 0 && workspace.clock.Now() < watch->processed_at) {
      const auto pause = std::min(watch->wait, limits::watch_interval);
      watch->wait -= pause;
      return watch->call.scheduler.After(pause, [watch] { Look(watch); });
    }
    if (watch->waits && workspace.clock.Now() < watch->processed_at) {
      return watch->done(ControlError(
          408, "not processed yet, until " + IsoTime(watch->processed_at) + " by the clock of " +
                   "this workspace; is the processing delay longer than the wait, or the clock " +
                   "stopped?"));
    }
    const std::optional<Value> user = workspace.users.Export(watch->id);
    watch->done(user ? ControlJson(200, *user)
                     : ControlError(404, "no such user: " + ToValidUtf8(watch->id.value)));
  }
};

}  // namespace

void GetUsers(ControlCall call, HttpHandler::Done done) {
  const bool all = std::ranges::all_of(call.query, [](const auto& entry) {
    return entry.first == "after" || entry.first == "limit" || entry.first == "prefix";
  });
  if (all) return done(Page(call));
  if (auto refusal = RefuseOtherParameters(call.query, {"external_id", "braze_id", "email", "phone",
                                                        "alias_name", "alias_label", "wait"})) {
    return done(std::move(*refusal));
  }
  Result<Identifier> id = ReadIdentifier(call.query);
  if (!id.ok()) return done(ControlError(400, id.error()));
  const std::string* text = Parameter(call.query, "wait");
  const auto wait = ParseDuration(text ? *text : "0");
  if (!wait.ok() || wait.value() > limits::watch_max) {
    return done(ControlError(400, "'wait' must be a duration of at most 60s"));
  }
  const Clock::Time processed_at = call.workspace->users.ProcessedAt();
  UserWatch::Look(
      std::make_shared<UserWatch>(UserWatch{std::move(call), std::move(done), std::move(id.value()),
                                            processed_at, wait.value(), text != nullptr}));
}

}  // namespace mockbraze
