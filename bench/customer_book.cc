#include "bench/customer_book.h"

#include <istream>
#include <ostream>

namespace peaksync::bench {

CustomerBook::CustomerBook(std::uint64_t seed, std::uint32_t customers)
    : population_(seed), generations_(customers) {}

std::vector<std::uint32_t> CustomerBook::NextOrder(std::uint32_t count) {
  std::vector<std::uint32_t> order = population_.Shuffled(size(), static_cast<int>(passes_++));
  if (count > 0 && count < size()) {
    order.resize(count);
    order.shrink_to_fit();
  }
  return order;
}

void CustomerBook::Advance(const std::vector<std::uint32_t>& order) {
  for (const std::uint32_t number : order) ++generations_[number];
}

bool CustomerBook::Save(std::ostream& out) const {
  out << passes_ << '\n';
  out.write(reinterpret_cast<const char*>(generations_.data()),
            static_cast<std::streamsize>(generations_.size()));
  return static_cast<bool>(out);
}

bool CustomerBook::Load(std::istream& in) {
  in >> passes_;
  if (in.get() != '\n') return false;
  in.read(reinterpret_cast<char*>(generations_.data()),
          static_cast<std::streamsize>(generations_.size()));
  return static_cast<bool>(in);
}

}  // namespace peaksync::bench
