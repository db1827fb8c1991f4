#include "server/delivery/remedy.h"

#include <string>
#include <string_view>

#include "server/domain/concat.h"

namespace peaksync {

using Cause = DeliveryStatus::Cause;

std::string RemedyOf(Cause cause, const BrazeRoute& route, std::string_view tenant) {
  switch (cause) {
    case Cause::kNone:
      return "";
    case Cause::kOtherWorkspace:
      return Concat(
          "correct the workspace in the configuration and reload it (SIGHUP), or give the ledger "
          "to the new one: peaksyncd ledger rebind --tenant ",
          tenant);
    case Cause::kKeyUnreadable:
      return "mend the key file; it is read again with every probe";
    case Cause::kKeyRefused:
      return "put a valid key into the key file; it is read again with every probe";
    case Cause::kAccessDenied:
      return Concat("give the key the permission ",
                    route.bulk_endpoint ? "users.track.bulk" : "users.track",
                    " in Braze; the next probe sees it");
    case Cause::kAddressUnknown:
    case Cause::kRedirect:
    case Cause::kUnexpectedStatus:
      return "correct endpoint in the configuration, then reload it (SIGHUP) or restart";
    case Cause::kAcceptsNothing:
      return "look at Braze's status and at what the customers carry; it ends by itself when a "
             "probe is accepted";
    case Cause::kRateLimited:
    case Cause::kServerError:
    case Cause::kUnreachable:
    case Cause::kNoAnswer:
      return "nothing: it ends by itself when Braze answers again";
  }
  return "";
}

std::string_view NameOf(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return "none";
    case Cause::kOtherWorkspace:
      return "other_workspace";
    case Cause::kKeyUnreadable:
      return "key_unreadable";
    case Cause::kKeyRefused:
      return "key_refused";
    case Cause::kAccessDenied:
      return "access_denied";
    case Cause::kAddressUnknown:
      return "address_unknown";
    case Cause::kRedirect:
      return "redirect";
    case Cause::kUnexpectedStatus:
      return "unexpected_status";
    case Cause::kAcceptsNothing:
      return "accepts_nothing";
    case Cause::kRateLimited:
      return "rate_limited";
    case Cause::kServerError:
      return "server_error";
    case Cause::kUnreachable:
      return "unreachable";
    case Cause::kNoAnswer:
      return "no_answer";
  }
  return "none";
}

}  // namespace peaksync
