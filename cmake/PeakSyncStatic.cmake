# For PEAKSYNC_STATIC: programs that need nothing of the system they run on, neither its C library
# nor any other. mockbraze alone can be built so: Debian has no static gRPC.
if(NOT PEAKSYNC_PARTS STREQUAL "mockbraze")
  message(FATAL_ERROR "PEAKSYNC_STATIC is for PEAKSYNC_PARTS=mockbraze only, not ${PEAKSYNC_PARTS}")
endif()

add_link_options(-static)
set(OPENSSL_USE_STATIC_LIBS TRUE)

# Debian has simdjson as a shared library only, so its one source is compiled here.
set(PEAKSYNC_SIMDJSON_SOURCE "${PROJECT_BINARY_DIR}/simdjson" CACHE PATH
    "Folder with simdjson's singleheader/; ./scripts/simdjson_source.sh fetches it")
set(simdjson_folder "${PEAKSYNC_SIMDJSON_SOURCE}/singleheader")
if(NOT EXISTS "${simdjson_folder}/simdjson.cpp")
  message(FATAL_ERROR "no ${simdjson_folder}/simdjson.cpp: "
                      "./scripts/simdjson_source.sh ${PEAKSYNC_SIMDJSON_SOURCE} fetches it")
endif()
add_library(simdjson_static STATIC "${simdjson_folder}/simdjson.cpp")
add_library(simdjson::simdjson ALIAS simdjson_static)
target_include_directories(simdjson_static SYSTEM PUBLIC "${simdjson_folder}")
target_compile_definitions(simdjson_static PUBLIC SIMDJSON_THREADS_ENABLED=1)
target_link_libraries(simdjson_static PUBLIC Threads::Threads)
