# One precompiled header for each kind of code: the product, the sandbox, and the tests,
# which have other compile options. Every C++ library and program below the top folder
# uses that of its kind, but for those with the property ILKIMZA_OWN_FLAGS.

set(STANDARD_HEADERS
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <cstring> <deque>
  <filesystem> <fstream> <functional> <future> <map> <memory> <mutex> <optional> <set> <sstream>
  <string> <string_view> <thread> <utility> <variant> <vector>
  <absl/status/statusor.h> <absl/strings/escaping.h> <absl/strings/match.h>
  <absl/strings/str_cat.h> <absl/strings/str_format.h> <absl/strings/str_join.h>
  <absl/time/clock.h> <absl/time/time.h>)
set(SERVICE_HEADERS
  <grpcpp/grpcpp.h> <fmt/core.h> <nlohmann/json.hpp>
  <ilkimza/v1/card_service.grpc.pb.h> <ilkimza/v1/fleet_service.grpc.pb.h>
  <ilkimza/v1/journey_service.grpc.pb.h> <ilkimza/v1/portal_service.grpc.pb.h>)

# The header of one kind; further arguments are the headers.
function(precompiled_header KIND)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled/${KIND}.cc
    CONTENT "// Holds the precompiled header.\n")
  add_library(precompiled_${KIND} OBJECT ${CMAKE_BINARY_DIR}/precompiled/${KIND}.cc)
  target_precompile_headers(precompiled_${KIND} PRIVATE ${ARGN})
endfunction()

precompiled_header(product ${STANDARD_HEADERS} ${SERVICE_HEADERS})
precompiled_header(sandbox ${STANDARD_HEADERS} <httplib.h> <nlohmann/json.hpp>)
precompiled_header(tests ${STANDARD_HEADERS} ${SERVICE_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
foreach(KIND product tests)
  add_dependencies(precompiled_${KIND} ilkimza_contracts)
  target_include_directories(precompiled_${KIND} SYSTEM PRIVATE ${CMAKE_BINARY_DIR}/proto/gen)
  target_link_libraries(precompiled_${KIND} PRIVATE gRPC::grpc++ protobuf::libprotobuf fmt::fmt)
endforeach()
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
target_link_libraries(precompiled_sandbox PRIVATE PkgConfig::HTTPLIB)
target_link_libraries(precompiled_tests PRIVATE GTest::gmock)
target_compile_options(precompiled_tests PRIVATE ${ILKIMZA_TEST_OPTIONS})

function(precompile_below FOLDER KIND)
  get_property(TARGETS DIRECTORY ${FOLDER} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(TARGET IN LISTS TARGETS)
    get_target_property(TYPE ${TARGET} TYPE)
    get_target_property(OWN_FLAGS ${TARGET} ILKIMZA_OWN_FLAGS)
    if(TYPE MATCHES "^(STATIC_LIBRARY|EXECUTABLE)$" AND NOT OWN_FLAGS)
      target_precompile_headers(${TARGET} REUSE_FROM precompiled_${KIND})
      # g++ takes the header only where the macros it was made with are the same.
      target_compile_definitions(${TARGET} PRIVATE
        $<TARGET_PROPERTY:precompiled_${KIND},COMPILE_DEFINITIONS>)
      target_compile_options(${TARGET} PRIVATE
        $<TARGET_PROPERTY:precompiled_${KIND},COMPILE_OPTIONS>)
    endif()
  endforeach()
  get_property(SUBFOLDERS DIRECTORY ${FOLDER} PROPERTY SUBDIRECTORIES)
  foreach(SUBFOLDER IN LISTS SUBFOLDERS)
    precompile_below(${SUBFOLDER} ${KIND})
  endforeach()
endfunction()

foreach(FOLDER proto base portal server agent clients)
  precompile_below(${CMAKE_SOURCE_DIR}/${FOLDER} product)
endforeach()
precompile_below(${CMAKE_SOURCE_DIR}/sandbox sandbox)
precompile_below(${CMAKE_SOURCE_DIR}/tests tests)
