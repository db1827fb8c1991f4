#include "server/braze/curl_http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/base/check.h"
#include "server/braze/curl_transfer.h"
#include "server/braze/http.h"
#include "server/braze/socket_poller.h"

namespace peaksync {
namespace {

// Once a process; never undone, since other threads may still be inside libcurl at exit.
void InitCurl() {
  static const bool is_done = [] {
    PEAKSYNC_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us, and OpenSSL's writes raise it.
    struct sigaction action = {};
    if (sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
      action.sa_handler = SIG_IGN;
      sigaction(SIGPIPE, &action, nullptr);
    }
    return true;
  }();
  static_cast<void>(is_done);
}

// What libcurl refuses here is a bug of ours or the end of memory; neither can be waited out.
void CheckMulti(CURLMcode code) { PEAKSYNC_CHECK_MSG(code == CURLM_OK, curl_multi_strerror(code)); }

}  // namespace

class CurlHttpClient::Impl {
 public:
  explicit Impl(CurlOptions options) : options_(std::move(options)) {
    InitCurl();
    multi_ = curl_multi_init();
    PEAKSYNC_CHECK(multi_ != nullptr);
    const long connections = std::max(options_.connections_per_host_max, 1);
    CheckMulti(curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections));
    CheckMulti(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections));
    CheckMulti(curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING));
    CheckMulti(curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Impl::OnSocket));
    CheckMulti(curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this));
    CheckMulti(curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Impl::OnTimer));
    CheckMulti(curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this));
  }

  ~Impl() {
    for (const auto& [handle, transfer] : running_) curl_multi_remove_handle(multi_, handle);
    running_.clear();
    idle_.clear();
    curl_multi_cleanup(multi_);
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Send(HttpRequest request, Done done) {
    std::unique_ptr<CurlTransfer> transfer = TakeIdle();
    if (!transfer->Prepare(options_, std::move(request), std::move(done))) {
      unsendable_.push_back(std::move(transfer));
      return;
    }
    CheckMulti(curl_multi_add_handle(multi_, transfer->easy()));
    void* const handle = transfer->easy();
    running_.emplace(handle, std::move(transfer));
  }

  void Poll(absl::Duration timeout) {
    if (Advance()) return;
    for (const SocketPoller::Ready& ready : poller_.Wait(std::min(timeout, UntilTimer()))) {
      Act(ready.socket, (ready.readable ? CURL_CSELECT_IN : 0) |
                            (ready.writable ? CURL_CSELECT_OUT : 0) |
                            (ready.failed ? CURL_CSELECT_ERR : 0));
    }
    Advance();
  }

  void Wake() { poller_.Wake(); }

  std::size_t in_flight() const {
    return running_.size() + unsendable_.size() + finished_.size() - finished_next_;
  }

 private:
  // What libcurl tells: which sockets it waits for, and when it wants to be called in any case.
  static int OnSocket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    Impl& impl = *static_cast<Impl*>(self);
    const bool read = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    const bool write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    if (what == CURL_POLL_REMOVE) {
      impl.poller_.Remove(socket);
    } else if (known != nullptr) {
      impl.poller_.Change(socket, read, write);
    } else {
      impl.poller_.Add(socket, read, write);
      CheckMulti(curl_multi_assign(impl.multi_, socket, self));  // Known from now on.
    }
    return 0;
  }
  static int OnTimer(CURLM*, long milliseconds, void* self) {
    static_cast<Impl*>(self)->timer_ =
        milliseconds < 0
            ? SteadyTime::max()
            : std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }

  absl::Duration UntilTimer() const {
    return timer_ == SteadyTime::max()
               ? absl::InfiniteDuration()
               : absl::FromChrono(timer_ - std::chrono::steady_clock::now());
  }

  void Act(curl_socket_t socket, int events) {
    int running = 0;
    CheckMulti(curl_multi_socket_action(multi_, socket, events, &running));
  }

  // True when a request was finished.
  bool Advance() {
    if (UntilTimer() <= absl::ZeroDuration()) {
      timer_ = SteadyTime::max();
      Act(CURL_SOCKET_TIMEOUT, 0);
    }
    CollectUnsendable();
    CollectFinished();
    return CallDone();
  }

  void CollectUnsendable() {
    for (std::unique_ptr<CurlTransfer>& transfer : unsendable_) {
      HttpResult result;
      result.failure.reason = "the request could not be prepared: check its address and headers";
      Retire(std::move(transfer), std::move(result));
    }
    unsendable_.clear();
  }

  void CollectFinished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* const handle = message->easy_handle;
      const int code = message->data.result;
      const auto found = running_.find(handle);
      PEAKSYNC_CHECK(found != running_.end());
      HttpResult result = found->second->Finish(code);
      CheckMulti(curl_multi_remove_handle(multi_, handle));  // `message` is gone from here on.
      std::unique_ptr<CurlTransfer> transfer = std::move(found->second);
      running_.erase(found);
      Retire(std::move(transfer), std::move(result));
    }
  }

  void Retire(std::unique_ptr<CurlTransfer> transfer, HttpResult result) {
    finished_.push_back({transfer->Release(), std::move(result)});
    if (idle_.size() < static_cast<std::size_t>(options_.connections_per_host_max)) {
      idle_.push_back(std::move(transfer));
    }
  }

  // Only when nothing of libcurl is being walked through: a `done` may call Send.
  bool CallDone() {
    if (finished_.empty()) return false;
    for (finished_next_ = 0; finished_next_ < finished_.size();) {
      Finished finished = std::move(finished_[finished_next_]);
      ++finished_next_;
      finished.done(std::move(finished.result));
    }
    finished_.clear();
    finished_next_ = 0;
    return true;
  }

  std::unique_ptr<CurlTransfer> TakeIdle() {
    if (idle_.empty()) return std::make_unique<CurlTransfer>();
    std::unique_ptr<CurlTransfer> transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
  }

  struct Finished {
    Done done;
    HttpResult result;
  };

  using SteadyTime = std::chrono::steady_clock::time_point;

  const CurlOptions options_;
  SocketPoller poller_;
  CURLM* multi_ = nullptr;
  SteadyTime timer_ = SteadyTime::max();  // When libcurl wants to be called.
  std::unordered_map<void*, std::unique_ptr<CurlTransfer>> running_;  // By easy handle.
  std::vector<std::unique_ptr<CurlTransfer>> unsendable_;
  std::vector<std::unique_ptr<CurlTransfer>> idle_;
  std::vector<Finished> finished_;
  std::size_t finished_next_ = 0;
};

CurlHttpClient::CurlHttpClient(CurlOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
CurlHttpClient::~CurlHttpClient() = default;

void CurlHttpClient::Send(HttpRequest request, Done done) {
  impl_->Send(std::move(request), std::move(done));
}
void CurlHttpClient::Poll(absl::Duration timeout) { impl_->Poll(timeout); }
void CurlHttpClient::Wake() { impl_->Wake(); }
std::size_t CurlHttpClient::in_flight() const { return impl_->in_flight(); }

}  // namespace peaksync
