#pragma once

#include <string>

#include "peaksync/v1/sync_service.pb.h"

namespace peaksync::client {

// A rejection by Braze of run R1, with a text as its value.
inline v1::Rejection SampleRejection(const std::string& customer, const std::string& attribute,
                                     const std::string& value) {
  v1::Rejection rejection;
  rejection.mutable_customer()->set_external_id(customer);
  rejection.mutable_attribute()->set_name(attribute);
  rejection.mutable_attribute()->mutable_value()->set_string_value(value);
  rejection.mutable_updated_at()->set_seconds(1788746400);
  rejection.mutable_reject_time()->set_seconds(1788746460);
  rejection.set_kind(v1::REJECTION_KIND_BRAZE);
  rejection.set_reason("the type is wrong");
  rejection.set_run_id("R1");
  rejection.set_attempts(2);
  return rejection;
}

}  // namespace peaksync::client
