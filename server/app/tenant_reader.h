#pragma once

#include <string>

#include "server/app/config.h"
#include "server/app/table_reader.h"

namespace peaksync {

// `path` as the configuration file `file` means it.
std::string ResolvePath(const std::string& file, const std::string& path);

// Warns when others may read a file with a secret.
void WarnIfExposed(const SecretFile& secret, std::string_view key, const std::string& path,
                   TableReader& table);

// Reads one [tenants.NAME]. Problems of severity kTenant are the tenant's fault, too.
TenantConfig ReadTenant(TableReader& table, const ConfigInputs& inputs);

}  // namespace peaksync
