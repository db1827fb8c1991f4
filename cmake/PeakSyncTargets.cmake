# How this project makes targets. One place for flags: every target of ours links peaksync_options
# PRIVATE, so that nothing leaks into what links to it.

include(GoogleTest)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(peaksync_options INTERFACE)
target_compile_options(peaksync_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough
  # g++ 12 sees uninitialised members of std::map and std::variant, and overlapping copies in
  # std::string, where there are none (GCC bugs 105562, 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-restrict>)
if(PEAKSYNC_WERROR)
  target_compile_options(peaksync_options INTERFACE -Werror)
endif()
if(PEAKSYNC_SANITIZE)
  # Global, generated code included: a sanitizer that sees half of a program reports nonsense.
  add_compile_options(-fsanitize=${PEAKSYNC_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PEAKSYNC_SANITIZE})
endif()

# peaksync_library(ledger SRCS a.cc DEPS peaksync::domain PRIVATE_DEPS SQLite::SQLite3)
# makes the static library peaksync_ledger and its alias peaksync::ledger. Headers are included by
# their full path from the repository's root.
function(peaksync_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(peaksync_${name} STATIC ${ARG_SRCS})
  add_library(peaksync::${name} ALIAS peaksync_${name})
  target_include_directories(peaksync_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(peaksync_${name} PUBLIC ${ARG_DEPS} PRIVATE peaksync_options ${ARG_PRIVATE_DEPS})
endfunction()

# peaksync_executable(peaksyncd SRCS main.cc DEPS peaksync::app)
function(peaksync_executable name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE peaksync_options ${ARG_DEPS})
endfunction()

# peaksync_test(ledger_test SRCS a_test.cc DEPS peaksync::ledger LABEL unit [TIMEOUT 60] [THREADS])
# makes a GoogleTest program whose cases appear in CTest one by one, under the label. THREADS: it has
# some. Under ThreadSanitizer only such programs are made, and each is one test: it starts slowly.
function(peaksync_test name)
  cmake_parse_arguments(ARG "THREADS" "LABEL;TIMEOUT" "SRCS;DEPS" ${ARGN})
  if(PEAKSYNC_SANITIZE STREQUAL "thread" AND NOT ARG_THREADS)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  peaksync_executable(${name} SRCS ${ARG_SRCS} DEPS ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  # What is tested is optimised, the test itself is not: that takes a third off its compile time,
  # and more than half under sanitizers.
  target_compile_options(${name} PRIVATE -O0)
  if(PEAKSYNC_SANITIZE STREQUAL "thread")
    add_dependencies(thread_tests ${name})
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
