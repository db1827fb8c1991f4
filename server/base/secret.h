#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

namespace peaksync {

// Bytes that must never be shown: a Braze key, a private key. Cannot be streamed or copied, and is
// overwritten when it ends. Ask for the bytes by name, where they are sent, and keep no copy.
// Thread safety: reading is safe for concurrent use.
class Secret {
 public:
  Secret() = default;
  // Takes the bytes over and overwrites the string they came in.
  explicit Secret(std::string bytes);
  ~Secret();
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::string_view Reveal() const { return {bytes_.get(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  void Wipe();

  // Not a std::string: its short form would stay behind in what it was moved from.
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

// Overwrites the bytes in a way that no optimiser removes, and empties the string.
void Wipe(std::string& bytes);

// Takes as long for equal as for different contents of one length.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

using Sha256Digest = std::array<std::uint8_t, 32>;
Sha256Digest Sha256(std::string_view bytes);
// In lower case, 64 characters.
std::string Sha256Hex(std::string_view bytes);

}  // namespace peaksync
