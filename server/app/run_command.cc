#include "server/app/run_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "server/app/admin_socket.h"
#include "server/base/folder_lock.h"
#include "server/base/status_macros.h"
#include "server/domain/concat.h"

namespace peaksync {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongCommand = 2;

bool Agrees(const CommandLine& line) {
  if (line.yes || !ChangesLedger(line.command)) return true;
  if (isatty(STDIN_FILENO) == 0) {
    std::fprintf(stderr, "This changes the ledger of %s: add --yes to agree.\n",
                 line.command.tenant.c_str());
    return false;
  }
  std::fprintf(stderr, "This changes the ledger of %s. Type its name to go on: ",
               line.command.tenant.c_str());
  std::string answer;
  return std::getline(std::cin, answer) && answer == line.command.tenant;
}

// Nobody else may come between: the folder's lock is held while the command runs.
absl::StatusOr<CommandReport> RunAlone(const LedgerCommand& command, const Config& config,
                                       const AppOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(config.ledger.path, ignored)) {
    return absl::NotFoundError(Concat("there is no ledger folder ", config.ledger.path));
  }
  PEAKSYNC_ASSIGN_OR_RETURN(
      const FolderLock lock,
      FolderLock::Acquire(config.ledger.path, {*options.clock, options.clock->Steady(),
                                               [](absl::Duration) { return false; }}));
  return RunLedgerCommand(command, config.ledger, options,
                          [&](const std::string& name, const auto& work) -> absl::Status {
                            const auto tenant =
                                std::ranges::find(config.tenants, name, &TenantConfig::name);
                            return work(*tenant);
                          });
}

absl::StatusOr<CommandReport> Run(const LedgerCommand& command, const Config& config,
                                  const AppOptions& options) {
  absl::StatusOr<CommandReport> answered = AdminSocket::Call(config.admin.socket, command);
  if (!absl::IsNotFound(answered.status()) || command.name == "status") return answered;
  return RunAlone(command, config, options);
}

}  // namespace

int RunCommand(const CommandLine& line, const Config& config, const AppOptions& options) {
  LedgerCommand command = line.command;
  if (command.name != "status" && std::ranges::find(config.tenants, command.tenant,
                                                    &TenantConfig::name) == config.tenants.end()) {
    std::fprintf(stderr, "the configuration has no tenant %s\n", command.tenant.c_str());
    return kWrongCommand;
  }
  // The service may have another working directory.
  if (!command.file.empty()) command.file = std::filesystem::absolute(command.file).string();
  if (!Agrees(line)) return kWrongCommand;
  const absl::StatusOr<CommandReport> report = Run(command, config, options);
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", std::string(report.status().message()).c_str());
    return kFailed;
  }
  std::fputs(report->text.c_str(), report->exit_status == 0 ? stdout : stderr);
  return report->exit_status;
}

}  // namespace peaksync
