#pragma once

#include <string>

#include "peaksync/v1/sync_run.pb.h"

// What delivery to Braze is told like. Pure.
namespace peaksync::client {

// RUNNING, BACKING_OFF, PAUSED.
std::string StateName(v1::DeliveryStatus::State state);

// Whether there is anything to tell: delivery does not run, or streams are not read.
bool IsBlocked(const v1::DeliveryStatus& delivery);

// Lines for a report: the state, since when and why, what ends it, when Braze is tried next, why
// streams are not read, and how much waits. Empty when all is well.
std::string DeliveryTable(const v1::DeliveryStatus& delivery);

// The same in a few words, for progress and errors: `PAUSED: the reason. What to do: the remedy`.
// Without a full stop at its end; empty when all is well.
std::string DeliveryTrouble(const v1::DeliveryStatus& delivery);

}  // namespace peaksync::client
