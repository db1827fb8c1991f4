#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "peaksync/v1/customer.pb.h"

namespace peaksync {

// Writes a value of a message as canonical JSON and, in the same pass, its comparable form, in
// which integral doubles are integers (docs/design.md, rule 10). Objects' keys are sorted bytewise.
// Recursion ends at limits::kValueDepthMax. Thread safety: none; for one value.
class NestedWriter {
 public:
  // kStrict stops at the first fault. kLenient goes on and writes what was given, so that a refused
  // value can be kept; it stops only where JSON can't say it.
  enum class Mode : std::uint8_t { kStrict, kLenient };

  explicit NestedWriter(Mode mode) : mode_(mode) {}

  // False: it stopped, and problem() says why.
  bool Write(const v1::Value& value) { return WriteValue(value, 1, false); }

  // What was wrong first; empty: nothing.
  std::string_view problem() const { return problem_; }
  const std::string& json() const { return json_; }
  const std::string& comparable() const { return comparable_differs_ ? comparable_ : json_; }
  // Ends the writer's use.
  std::string TakeJson() { return std::move(json_); }

 private:
  bool WriteValue(const v1::Value& value, int depth, bool inside_object);
  bool WriteList(const v1::ListValue& list, int depth);
  bool WriteObject(const v1::ObjectValue& object, int depth, bool inside_object);
  bool WriteTime(const v1::Value& value);
  bool WriteKey(std::string_view key);
  bool WriteText(std::string_view text);
  bool WriteDouble(double value);
  void Append(std::string_view text);
  // A fault after which kLenient goes on: whether to go on.
  bool Fault(std::string_view problem);
  // A fault after which nobody goes on: false.
  bool GiveUp(std::string_view problem);

  const Mode mode_;
  bool comparable_differs_ = false;
  std::string_view problem_;  // Always a literal.
  std::string json_;
  std::string comparable_;  // Used from the first difference on.
};

}  // namespace peaksync
