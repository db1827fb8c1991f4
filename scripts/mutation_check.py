#!/usr/bin/env python3
"""Shows that the proof would notice: applies known bugs, one by one, and runs the suite on each.

    ./scripts/mutation_check.py             all of them, about 8 minutes of CPU
    ./scripts/mutation_check.py --list      their names
    ./scripts/mutation_check.py NAME ...    only these
    ./scripts/mutation_check.py --by simulate NAME ...    by one program of the suite alone

Works on a copy of the tree in build/mutation; nothing else is changed. For each bug it builds the
tests of the ledger and of delivery and the simulation, and runs them until one fails. Exit status:
0 every bug was caught; 1 one was not, or cannot be applied any more; 2 usage.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "mutation"
PROGRAMS = (
    ["ledger_test", "--gtest_brief=1", "--gtest_filter=-*Random*"],
    ["delivery_test", "--gtest_brief=1", "--gtest_filter=-*Random*"],
    ["simulate", "--seeds", "1..500"],
)
TIMEOUT = 600  # Seconds, of one program.
SAYS_WHY = r"(?m)^(?:\[  FAILED  \] \S+|(?:rule|section) .*|.*[Cc]heck failed.*)"

INTAKE = "server/ledger/tenant_ledger_intake.cc"
DECIDE_UPDATE = "server/ledger/tenant_ledger_decide.cc"
CUSTOMER_TABLE = "server/ledger/customer_table.cc"
FOLD = "server/ledger/tenant_ledger_fold.cc"
RUNS = "server/ledger/tenant_ledger_runs.cc"
OPERATIONS = "server/ledger/tenant_ledger_operations.cc"
DELIVERY = "server/ledger/tenant_ledger_delivery.cc"
DECIDE = "server/ledger/decide.cc"
LANE = "server/delivery/lane.cc"
PACE = "server/delivery/pace.cc"
ANSWERS = "server/delivery/lane_answers.cc"
WRITER = "server/ledger/ledger_writer.cc"
REJECT_ALL = (
    "      for (const Object& object : request.objects) {\n"
    "        Reject(object, answer.reason, report);\n      }\n"
)

# Name: edits (file, text that stands there once, text that takes its place).
BUGS = {
    "confirm before the answer": [
        (
            LANE,
            "  const LaneHost::RequestId id = next_request_++;\n",
            "  std::vector<ObjectOutcome> early;\n"
            "  for (const Object& object : request.objects) {\n"
            "    early.push_back({.lease = object.leased.lease,\n"
            "                     .kind = ObjectOutcome::Kind::kConfirmed});\n"
            "  }\n"
            "  host_.Settle(std::move(early));\n"
            "  request.objects.clear();\n"
            "  const LaneHost::RequestId id = next_request_++;\n",
        ),
        (
            LANE,
            "  in_flight_.erase(found);\n",
            "  in_flight_.erase(found);\n  if (request.objects.empty()) return Advance(now);\n",
        ),
    ],
    "confirm the batch on a partial error": [
        (
            ANSWERS,
            "      RejectNamed(request, answer, report);\n      Confirm(",
            "      Confirm(",
        )
    ],
    "acknowledge before commit": [
        (
            WRITER,
            "      completions.push_back(job.write(begun ? ledger_.get() : nullptr));\n",
            "      Completion early = job.write(begun ? ledger_.get() : nullptr);\n"
            "      if (early) std::move(early)(committed);\n",
        )
    ],
    "synchronous=OFF": [
        (
            "server/ledger/sqlite/database.cc",
            '{"PRAGMA synchronous=FULL", "PRAGMA synchronous", "2"}',
            '{"PRAGMA synchronous=OFF", "PRAGMA synchronous", "0"}',
        )
    ],
    "two requests for one customer": [
        (
            "server/ledger/waiting_set.cc",
            "  if (customer.lease != 0 || customer.waiting.empty()) return;\n",
            "  if (customer.waiting.empty()) return;\n",
        )
    ],
    "old value after new": [
        (
            DECIDE,
            "  if (IsStale(view, value, updated_at, options)) return Decision::kStale;\n",
            "  (void)IsStale;\n  (void)updated_at;\n",
        )
    ],
    "drop on 401": [
        (
            ANSWERS,
            "    case Answer::Kind::kDenied:\n"
            "      GiveBack(std::move(request.objects), absl::InfinitePast());\n",
            f"    case Answer::Kind::kDenied:\n{REJECT_ALL}",
        )
    ],
    "forget the newer time of an unchanged value": [
        (
            DECIDE_UPDATE,
            "      if (update.updated_at > known->updated_at) {\n",
            "      if (update.updated_at > known->updated_at && known == nullptr) {\n",
        )
    ],
    "cancel out a value that may have been sent": [
        (DECIDE, "  if (confirmed && !view.waiting->may_have_been_sent && ", "  if (confirmed && ")
    ],
    "count a value as unchanged against one that waits": [
        (
            DECIDE,
            "  if (joins) return Decision::kJoin;\n",
            "  if (joins) return view.known != nullptr ? Decision::kUnchanged : Decision::kJoin;\n",
        )
    ],
    "reject every object when the endpoint answers 200 HTML": [
        (
            ANSWERS,
            "    case Answer::Kind::kUnclear:\n    case Answer::Kind::kBareRefusal:\n"
            "    case Answer::Kind::kTooLarge:\n      if (probe && one",
            f"    case Answer::Kind::kUnclear:\n{REJECT_ALL}      if (probe) Resume(now);\n"
            "      return;\n    case Answer::Kind::kBareRefusal:\n"
            "    case Answer::Kind::kTooLarge:\n      if (probe && one",
        )
    ],
    "move the cursor of a FAILED run": [
        (
            "server/ledger/tenant_ledger.cc",
            "      if (run.state == RunState::kCompleted ||",
            "      if (run.state == RunState::kFailed || run.state == RunState::kCompleted ||",
        ),
        (
            RUNS,
            "  if (GuardInvalid(*active, /*at_end=*/true)) {\n",
            "  run.cursor = request.cursor;\n  if (GuardInvalid(*active, /*at_end=*/true)) {\n",
        ),
    ],
    "free the outbox before its outcome is committed": [
        (
            DELIVERY,
            "      for (const Slot& slot : customer->in_flight) {\n        object.attributes",
            "      for (const Slot& slot : customer->in_flight) {\n"
            "        for (const Claim& claim : slot.claims) {\n"
            "          journal_.Settled(claim.outbox_id);\n        }\n"
            "        object.attributes",
        )
    ],
    "count a repeated batch twice": [
        (
            INTAKE,
            "  context.repeated = request.sequence >= 1 && "
            "request.sequence <= run.last_sequence;\n",
            "  context.repeated = false;\n",
        ),
        (
            INTAKE,
            "request.sequence != run.last_sequence + 1) {\n",
            "request.sequence > run.last_sequence + 1) {\n",
        ),
    ],
    "FULL over a newer value": [
        (
            DECIDE,
            "  if (IsStale(view, value, updated_at, options)) return Decision::kStale;\n",
            "  if (!options.force && IsStale(view, value, updated_at, options)) {\n"
            "    return Decision::kStale;\n  }\n",
        )
    ],
    "trust old values in another workspace": [
        (
            OPERATIONS,
            "  PEAKSYNC_RETURN_IF_ERROR(StartEpoch());\n"
            "  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.WriteMeta(kMetaEndpoint, endpoint)));\n",
            "  PEAKSYNC_RETURN_IF_ERROR(Sql(store_.WriteMeta(kMetaEndpoint, endpoint)));\n",
        )
    ],
    "trust a restored ledger": [
        (
            OPERATIONS,
            "kLostOutcomeWait);\n  return StartEpoch();\n",
            "kLostOutcomeWait);\n  return absl::OkStatus();\n",
        )
    ],
    "take what changed after a restore": [(OPERATIONS, "    source.full_required = reason;\n", "")],
    "send another workspace's values": [
        (
            "server/ledger/tenant_ledger.cc",
            "  if (endpoint != options_.endpoint || workspace != options_.workspace) {\n",
            "  if (endpoint != options_.endpoint) {\n",
        )
    ],
    "wait by the clock of the day": [
        (
            DELIVERY,
            "  if (!EnsureLoaded().ok()) return batches;\n"
            "  const absl::Time now = options_.clock->Steady();\n",
            "  if (!EnsureLoaded().ok()) return batches;\n"
            "  const absl::Time now = options_.clock->Now();\n",
        )
    ],
    "never resend": [
        (DECIDE_UPDATE, "  if (options_.rules->resend_after) {\n", "  if (false) {\n")
    ],
    "create profiles": [
        ("server/braze/track_request.cc", "  if (!create_profiles) {\n", "  if (false) {\n")
    ],
    "two requests for one token": [(PACE, "  tokens_ -= 1;\n", "  tokens_ -= 0.5;\n")],
    "send more than a window may hold": [
        (PACE, "std::min({LeftOfLimit(), LeftOfHour()", "std::min({LeftOfHour()")
    ],
    "forget the hour's budget": [(PACE, "  ++used_in_hour_;\n", "")],
    "leave what is settled in the outbox": [
        (
            "server/ledger/outbox.cc",
            "      journal.Settled(id);\n",
            "",
        )
    ],
    "delete the journal without folding it": [
        (
            "server/ledger/fold.cc",
            "    PEAKSYNC_RETURN_IF_ERROR(states_.Fold(hashes_.back()));\n",
            "",
        )
    ],
    "forget a newer time when it is folded": [
        (
            "server/ledger/confirmed_states.cc",
            "  ApplyTouch(state, *found.touch);\n  state.Pack",
            "  state.Pack",
        )
    ],
    "send at once what may be on its way": [
        (
            FOLD,
            "    if (id <= sent_up_to_) customer.not_before = "
            "std::max(customer.not_before, lost_until_);\n",
            "",
        )
    ],
    "send further than is written down": [
        (
            "server/ledger/tenant_ledger.cc",
            "    AllowToSend(next_sent_up_to_);\n",
            "    AllowToSend(JournalWriter::kAnythingSent);\n",
        )
    ],
    "fold past the table's copy in memory": [
        (CUSTOMER_TABLE, "  copy_.Put(hash, bucket);\n  if (copy", "  if (copy")
    ],
    "fold past what was looked up ahead": [
        (
            CUSTOMER_TABLE,
            "std::string_view bucket) {\n  ForgetAhead();\n",
            "std::string_view bucket) {\n",
        )
    ],
}


def run(command, **options):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, check=False, **options)


def copy_tree():
    """The files that git knows, as they are now; unchanged ones keep their times."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def build(programs):
    targets = [program[0] for program in programs]
    return run(["cmake", "--build", "--preset", "release", "--target", *targets])


def first_failure(programs):
    """What caught it: the program, and the first of its words that say so; None: nothing did."""
    for name, *arguments in programs:
        try:
            done = run([f"build/release/bin/{name}", *arguments], timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return f"{name}: did not end"
        if done.returncode != 0:
            said = done.stdout + done.stderr
            words = re.findall(SAYS_WHY, said)
            return f"{name}: {words[0] if words else f'exit status {done.returncode}'}"
    return None


def try_bug(edits, programs):
    """(caught, what to say) of one bug; the copy is as before afterwards."""
    before = {}
    try:
        for file, old, new in edits:
            path = COPY / file
            text = path.read_text()
            before.setdefault(path, text)
            if text.count(old) != 1:
                return False, f"{file} has no such place any more: mend this script"
            path.write_text(text.replace(old, new))
        built = build(programs)
        if built.returncode != 0:
            return False, f"does not compile:\n{built.stdout[-2000:]}"
        failure = first_failure(programs)
        return failure is not None, failure or "NOT CAUGHT"
    finally:
        for path, text in before.items():
            path.write_text(text)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="only show the names")
    parser.add_argument("--by", metavar="PROGRAM", choices=[program[0] for program in PROGRAMS])
    options = parser.parse_args()
    programs = [program for program in PROGRAMS if options.by in (None, program[0])]
    if options.list:
        print("\n".join(BUGS))
        return 0
    if unknown := [name for name in options.names if name not in BUGS]:
        parser.error(f"no such bug: {unknown[0]}; see --list")
    copy_tree()
    for command in (["cmake", "--preset", "release"], None):
        done = run(command) if command else build(programs)
        if done.returncode != 0:
            sys.exit(f"mutation_check.py: the tree does not build:\n{done.stdout}{done.stderr}")
    if (failure := first_failure(programs)) is not None:
        sys.exit(f"mutation_check.py: the suite fails without any bug: {failure}")
    missed = 0
    for name in options.names or BUGS:
        start = time.monotonic()
        caught, words = try_bug(BUGS[name], programs)
        missed += not caught
        mark = "caught" if caught else "MISSED"
        print(f"{mark}  {name}  ({time.monotonic() - start:.0f} s): {words}", flush=True)
    print(f"{missed} missed" if missed else "all caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
