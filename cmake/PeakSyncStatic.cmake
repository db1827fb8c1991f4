# For PEAKSYNC_STATIC: programs that need nothing of the system they run on, neither its C library
# nor any other. mockbraze alone can be built so: Debian has no static gRPC.
include(FetchContent)

if(NOT PEAKSYNC_PARTS STREQUAL "mockbraze")
  message(FATAL_ERROR "PEAKSYNC_STATIC is for PEAKSYNC_PARTS=mockbraze only, not ${PEAKSYNC_PARTS}")
endif()

add_link_options(-static)
set(OPENSSL_USE_STATIC_LIBS TRUE)

# Debian has simdjson as a shared library only, so its two files are compiled here: the release that
# Debian 12 has, from Debian's archive. Without a network: -DFETCHCONTENT_SOURCE_DIR_SIMDJSON=DIR.
set(simdjson_archive pool/main/s/simdjson/simdjson_3.0.1.orig.tar.gz)
FetchContent_Declare(simdjson
  URL "https://deb.debian.org/debian/${simdjson_archive}"
      "https://snapshot.debian.org/archive/debian/20230610T000000Z/${simdjson_archive}"
  URL_HASH SHA256=156b1bc5eb0561b2bd166b46d191fd3d95a3e709cc63761477d3b7aec2b6e9ed
  DOWNLOAD_EXTRACT_TIMESTAMP ON
  TIMEOUT 120
  SOURCE_SUBDIR nothing-to-configure)
FetchContent_MakeAvailable(simdjson)
file(COPY_FILE "${simdjson_SOURCE_DIR}/LICENSE" "${PROJECT_BINARY_DIR}/simdjson-license")

add_library(simdjson_static STATIC "${simdjson_SOURCE_DIR}/singleheader/simdjson.cpp")
add_library(simdjson::simdjson ALIAS simdjson_static)
target_include_directories(simdjson_static SYSTEM PUBLIC "${simdjson_SOURCE_DIR}/singleheader")
target_compile_definitions(simdjson_static PUBLIC SIMDJSON_THREADS_ENABLED=1)
target_link_libraries(simdjson_static PUBLIC Threads::Threads)
