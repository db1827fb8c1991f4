#include "server/braze/socket_poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "server/base/check.h"

namespace peaksync {
namespace {

constexpr int kReadyMax = 256;  // Of one Wait.

// What fails here is a socket that is none of ours, or the end of memory or of descriptors.
void Control(int epoll, int operation, int socket, bool read, bool write) {
  epoll_event event = {};
  event.events = (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U);
  event.data.fd = socket;
  PEAKSYNC_CHECK_MSG(epoll_ctl(epoll, operation, socket, &event) == 0, std::strerror(errno));
}

int WaitMs(absl::Duration timeout) {
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(
      std::clamp(timeout, absl::ZeroDuration(), absl::Hours(1)), absl::Milliseconds(1))));
}

}  // namespace

SocketPoller::SocketPoller()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  PEAKSYNC_CHECK_MSG(epoll_ >= 0 && wake_ >= 0, std::strerror(errno));
  Add(wake_, /*read=*/true, /*write=*/false);
  ready_.reserve(kReadyMax);
}

SocketPoller::~SocketPoller() {
  close(wake_);
  close(epoll_);
}

void SocketPoller::Add(int socket, bool read, bool write) {
  Control(epoll_, EPOLL_CTL_ADD, socket, read, write);
}

void SocketPoller::Change(int socket, bool read, bool write) {
  Control(epoll_, EPOLL_CTL_MOD, socket, read, write);
}

// One that was closed before has left by itself.
void SocketPoller::Remove(int socket) { epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr); }

const std::vector<SocketPoller::Ready>& SocketPoller::Wait(absl::Duration timeout) {
  std::array<epoll_event, kReadyMax> events;
  const int count = epoll_wait(epoll_, events.data(), kReadyMax, WaitMs(timeout));
  PEAKSYNC_CHECK_MSG(count >= 0 || errno == EINTR, std::strerror(errno));
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == wake_) {
      std::uint64_t wakes = 0;
      static_cast<void>(read(wake_, &wakes, sizeof wakes));
      continue;
    }
    ready_.push_back({event.data.fd, (event.events & (EPOLLIN | EPOLLHUP)) != 0,
                      (event.events & EPOLLOUT) != 0, (event.events & EPOLLERR) != 0});
  }
  return ready_;
}

// A counter that is full has not been read yet, so that nothing is lost by its refusing.
void SocketPoller::Wake() {
  const std::uint64_t one = 1;
  static_cast<void>(write(wake_, &one, sizeof one));
}

}  // namespace peaksync
