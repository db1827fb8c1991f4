#pragma once

#include <atomic>
#include <chrono>

#include "mockbraze/braze_answer.h"
#include "mockbraze/clock.h"
#include "mockbraze/fault.h"
#include "mockbraze/keys.h"
#include "mockbraze/options.h"
#include "mockbraze/recorder.h"
#include "mockbraze/traffic.h"
#include "mockbraze/workspace.h"

namespace mockbraze {

// Everything the mock remembers, shared by Braze's endpoints and the control endpoints.
// Thread safety: each part guards itself.
struct MockState {
  // The clock must outlive the state.
  MockState(Options start_options, const Clock& clock)
      : options(std::move(start_options)),
        faults(options.seed),
        workspace(options.seed, clock),
        answers(options.seed, clock) {
    Reset();
  }

  // Back to the state after start: flags in force, nobody known, nothing counted.
  void Reset() {
    keys.Set(options.api_keys);
    faults.Set(options.faults);
    latency = options.latency;
    workspace.SetProcessingDelay(options.processing_delay);
    workspace.Reset();
    traffic.Reset();
    recorder.Reset();
    answers.Reset();
  }

  const Options options;
  std::atomic<std::chrono::milliseconds> latency{};
  KeyRing keys;
  FaultPlan faults;
  Workspace workspace;
  Traffic traffic;
  Recorder recorder;
  AnswerMaker answers;
};

}  // namespace mockbraze
