# SPDX-License-Identifier: GPL-3.0-or-later
#
# One library per folder of src, one test program per library, warnings as errors, and the layers
# of docs/architecture.md as link dependencies.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(muster_options INTERFACE)
target_compile_options(muster_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -Werror)
# g++ 12 sees uninitialised members in moves of std::variant, and mismatched deletes in coroutine
# frames (GCC bug 109224), where there are none.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(muster_options INTERFACE
    -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
endif()
target_include_directories(muster_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(MUSTER_SANITIZE)
  target_compile_options(muster_options INTERFACE
    -fsanitize=${MUSTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE})
endif()
if(MUSTER_FUZZ)
  target_compile_options(muster_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# muster_library(NAME [DEPS other folders...] [LIBS external libraries...])
#
# Every *.cc beside the CMakeLists.txt is a source; every *_test.cc goes into muster_NAME_test.
function(muster_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  list(REMOVE_ITEM sources ${tests})
  if(sources)
    add_library(muster_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(muster_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(muster_${name} ${scope} muster_options)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(muster_${name} ${scope} muster_${dep})
  endforeach()
  target_link_libraries(muster_${name} ${scope} ${ARG_LIBS})
  if(tests AND BUILD_TESTING)
    find_package(GTest REQUIRED)
    add_executable(muster_${name}_test ${tests})
    target_link_libraries(muster_${name}_test PRIVATE muster_${name} GTest::gtest_main)
    foreach(dep IN LISTS ARG_TEST_DEPS)
      target_link_libraries(muster_${name}_test PRIVATE muster_${dep})
    endforeach()
    add_test(NAME unit.${name} COMMAND muster_${name}_test)
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()

# muster_precompile(NAME HEADER...): headers read once for all sources of a library.
function(muster_precompile name)
  if(NOT MUSTER_PCH)
    return()
  endif()
  target_precompile_headers(muster_${name} PRIVATE ${ARGN})
  if(CCACHE)
    # ccache keeps objects that use a precompiled header only when told so.
    set_target_properties(muster_${name} PROPERTIES CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE}")
    target_compile_options(muster_${name} PRIVATE
      $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  endif()
endfunction()
