# Everything the project takes from outside, in one place. scripts/setup.sh installs it on Debian 12.
# Each part looks for what it needs only: mockbraze alone must build without the rest installed.
find_package(Threads REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
if(PEAKSYNC_STATIC)
  include(PeakSyncStatic)
else()
  find_package(simdjson CONFIG REQUIRED)
endif()

if("mockbraze" IN_LIST PEAKSYNC_PARTS)
  find_package(Boost 1.74 REQUIRED)
  find_package(OpenSSL 3 REQUIRED)
endif()

if("mockbraze" IN_LIST PEAKSYNC_PARTS OR "server" IN_LIST PEAKSYNC_PARTS)
  if(PEAKSYNC_STATIC)
    find_library(JEMALLOC_LIBRARY libjemalloc.a REQUIRED)
  else()
    find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
  endif()
endif()

if("server" IN_LIST PEAKSYNC_PARTS OR "client" IN_LIST PEAKSYNC_PARTS)
  # Protobuf comes first and in module mode: Debian ships no protobuf-config.cmake, and gRPC's own
  # configuration expects the targets to exist.
  find_package(Protobuf REQUIRED)
  find_package(gRPC CONFIG REQUIRED)
  find_package(absl CONFIG REQUIRED)
  find_package(nlohmann_json CONFIG REQUIRED)
endif()

if("client" IN_LIST PEAKSYNC_PARTS)
  find_package(ZLIB REQUIRED)
  find_package(PostgreSQL REQUIRED)  # libpq.
  find_package(ODBC REQUIRED)
  find_package(tomlplusplus CONFIG REQUIRED)
endif()

if("server" IN_LIST PEAKSYNC_PARTS)
  find_package(PkgConfig REQUIRED)
  find_package(CURL REQUIRED)
  find_package(OpenSSL REQUIRED)
  find_package(SQLite3 REQUIRED)
  find_package(spdlog CONFIG REQUIRED)
  find_package(tomlplusplus CONFIG REQUIRED)
  find_package(prometheus-cpp CONFIG REQUIRED)
  pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
  pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
endif()

if(PEAKSYNC_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
if(PEAKSYNC_BENCH AND "server" IN_LIST PEAKSYNC_PARTS)
  find_package(benchmark CONFIG REQUIRED)
endif()
