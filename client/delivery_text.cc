#include "client/delivery_text.h"

#include "absl/strings/strip.h"
#include "client/progress.h"
#include "client/table.h"
#include "client/text.h"
#include "client/time_text.h"

namespace peaksync::client {
namespace {

std::string TimeOf(const google::protobuf::Timestamp& time) {
  return FormatTime({time.seconds(), time.nanos()});
}

bool Runs(const v1::DeliveryStatus& delivery) {
  return delivery.state() == v1::DeliveryStatus::STATE_RUNNING ||
         delivery.state() == v1::DeliveryStatus::STATE_UNSPECIFIED;
}

std::string WithoutStop(const std::string& text) {
  return std::string(absl::StripSuffix(text, "."));
}

}  // namespace

std::string StateName(v1::DeliveryStatus::State state) {
  return std::string(absl::StripPrefix(v1::DeliveryStatus::State_Name(state), "STATE_"));
}

bool IsBlocked(const v1::DeliveryStatus& delivery) {
  return !Runs(delivery) || !delivery.back_pressure().empty();
}

std::string DeliveryTable(const v1::DeliveryStatus& delivery) {
  if (!IsBlocked(delivery)) return "";
  std::string out;
  const bool runs = Runs(delivery);
  AddLine("delivery",
          Cat(runs ? "RUNNING" : StateName(delivery.state()),
              delivery.has_since() ? Cat(" since ", TimeOf(delivery.since())) : "",
              delivery.reason().empty() ? "" : ": ", delivery.reason()),
          &out);
  if (!delivery.remedy().empty()) AddLine("  what to do", delivery.remedy(), &out);
  if (delivery.has_next_attempt_time()) {
    AddLine("  next try", TimeOf(delivery.next_attempt_time()), &out);
  }
  if (!delivery.back_pressure().empty()) {
    AddLine("  streams", Cat("not read: ", delivery.back_pressure()), &out);
  }
  AddLine("  waiting",
          Cat(WithCommas(delivery.waiting_values()), " values of ",
              WithCommas(delivery.waiting_customers()), " customers"),
          &out);
  return out;
}

std::string DeliveryTrouble(const v1::DeliveryStatus& delivery) {
  std::string out;
  if (!Runs(delivery)) {
    out = Cat(StateName(delivery.state()), ": ",
              delivery.reason().empty() ? "no reason given" : WithoutStop(delivery.reason()));
    if (!delivery.remedy().empty()) {
      Append(&out, ". What to do: ", WithoutStop(delivery.remedy()));
    }
  }
  if (!delivery.back_pressure().empty()) {
    Append(&out, out.empty() ? "" : ". ",
           "The service reads no streams now: ", WithoutStop(delivery.back_pressure()));
  }
  return out;
}

}  // namespace peaksync::client
