#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/braze/http.h"
#include "tests/simulation/request_body.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/world.h"

namespace peaksync::simulation {

// A Braze with every fault. It reads a customer's profile when a request comes and writes it back
// when the request is processed, so that of two requests at a time one is lost; that two come is a
// broken rule by itself (rule 4). What a request does may come after its answer was lost, for ten
// seconds.
class SimulatedBraze {
 public:
  using Done = std::function<void(HttpResult)>;
  using Profile = std::map<std::string, std::string>;  // JSON by attribute; null is absent.

  // What became of a customer's object in the last request that was answered or lost.
  enum class Verdict : std::uint8_t { kAccepted, kRefused, kKept };
  struct Trace {
    Verdict verdict = Verdict::kKept;
    bool accepted = false;     // Since it was handed out; an accepted object may be asked again.
    bool touched = false;      // Since it was handed out: may stand in the profile.
    bool alone = false;        // The object was the only one.
    bool refused_all = false;  // Braze refused everything at that time.
  };

  SimulatedBraze(World& world, const Scenario& scenario);

  void Receive(const HttpRequest& request, Done done);
  // The service is gone, and with it the answers.
  void LoseAnswers();
  // The objects of this customer from now on are another hand-out.
  void Forget(const std::string& customer) { traces_.erase(customer); }

  const Profile& ProfileOf(const std::string& customer) { return profiles_[customer]; }
  const Trace& TraceOf(const std::string& customer) { return traces_[customer]; }
  Poison PoisonOf(const std::string& customer) const { return poison_.at(customer); }
  bool IsBusy(const std::string& customer) const { return busy_.contains(customer); }

  void RotateKey() { key_ = "key-" + std::to_string(++keys_); }
  const std::string& key() const { return key_; }
  void SetRefusesAll(int how) { refuses_all_ = how; }
  // Another workspace, with the same profiles but nothing in them, unless it is this one.
  void OpenWorkspace(int number);
  int workspace() const { return workspace_; }
  // With create_profiles = false: somebody who did not exist does.
  void CreateProfile(const std::string& customer) { absent_.erase(customer); }
  // What Braze holds of those that exist; ProfileOf is what it would hold if all did.
  const Profile& RealProfileOf(const std::string& customer) { return real_[customer]; }
  // From now on nothing fails but what is poison; with `cure` not even that.
  void Heal(bool cure);

 private:
  struct Request {
    std::vector<SentObject> objects;
    std::map<std::string, Profile> read;  // Profiles as they were when the request came.
    std::set<std::size_t> applies;        // Objects that are processed.
    bool processed = false;
    bool answered = false;
    int workspace = 1;
    Done done;
  };
  using RequestPtr = std::shared_ptr<Request>;

  bool Admit(const Request& request);
  bool IsRightForProfiles(const SentObject& object) const;
  HttpResult Judge(Request& request, std::size_t bytes);
  HttpResult JudgePoison(Request& request, bool* judged);
  HttpResult Meet(BrazeFault fault, Request& request);
  HttpResult Limited(Seen seen, const char* header, std::int64_t value);
  void Process(Request& request);
  void Answer(const RequestPtr& request, const HttpResult& result);
  void Lose(Request& request);
  void MarkAll(Request& request, Verdict verdict);
  void ApplySome(Request& request);

  World& world_;
  const Scenario& scenario_;
  std::map<std::string, Poison> poison_;
  std::map<std::string, Profile> profiles_;
  std::map<std::string, Profile> real_;
  std::set<std::string> absent_;
  int workspace_ = 1;
  std::map<std::string, Trace> traces_;
  std::set<std::string> busy_;                     // In a request that is not answered.
  std::map<std::string, absl::Time> quiet_until_;  // After a lost answer.
  std::map<std::string, int> unclear_alone_;
  std::vector<RequestPtr> open_;
  absl::Duration lost_for_ = absl::ZeroDuration();  // The answer is lost, and comes as a failure.
  bool loses_ = false;
  std::string key_ = "key-1";
  int keys_ = 1;
  int refuses_all_ = 0;  // 0: no; 1: bare 400; 2: unclear.
  bool healed_ = false;
};

}  // namespace peaksync::simulation
