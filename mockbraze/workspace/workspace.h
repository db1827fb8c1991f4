#pragma once

#include <atomic>
#include <chrono>

#include "mockbraze/base/clock.h"
#include "mockbraze/faults/fault.h"
#include "mockbraze/users/users.h"
#include "mockbraze/workspace/braze_answer.h"
#include "mockbraze/workspace/keys.h"
#include "mockbraze/workspace/options.h"
#include "mockbraze/workspace/recorder.h"
#include "mockbraze/workspace/traffic.h"

namespace mockbraze {

// Everything the mock remembers, shared by Braze's endpoints and the control endpoints.
// Thread safety: each part guards itself.
struct Workspace {
  // The clock must outlive the workspace.
  Workspace(Options start_options, const Clock& clock)
      : options(std::move(start_options)),
        faults(options.seed),
        users(options.seed, clock),
        answers(options.seed, clock) {
    Reset();
  }

  // Back to the state after start: flags in force, nobody known, nothing counted.
  void Reset() {
    keys.Set(options.api_keys);
    faults.Set(options.faults);
    latency = options.latency;
    users.SetProcessingDelay(options.processing_delay);
    users.Reset();
    traffic.Reset();
    recorder.Reset();
    answers.Reset();
  }

  const Options options;
  std::atomic<std::chrono::milliseconds> latency{};
  KeyRing keys;
  FaultPlan faults;
  Users users;
  Traffic traffic;
  Recorder recorder;
  AnswerMaker answers;
};

}  // namespace mockbraze
