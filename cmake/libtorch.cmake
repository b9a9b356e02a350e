# LibTorch, imported by hand: the wheel's own CMake files insist on a CUDA toolkit and edit global flags.
# setup.sh leaves it in .deps/libtorch, or in TORCH_ROOT if that is set.
set(REPBENCH_TORCH_VERSION 2.11)
if(DEFINED ENV{TORCH_ROOT})
  set(TORCH_ROOT $ENV{TORCH_ROOT} CACHE PATH "Folder with LibTorch's include/ and lib/")
else()
  set(TORCH_ROOT ${CMAKE_SOURCE_DIR}/.deps/libtorch/torch CACHE PATH "Folder with LibTorch's include/ and lib/")
endif()

set(version_header ${TORCH_ROOT}/include/torch/headeronly/version.h)
if(NOT EXISTS ${version_header})
  set(version_header ${TORCH_ROOT}/include/torch/version.h)
endif()
if(NOT EXISTS ${version_header})
  message(FATAL_ERROR "[libtorch] expected LibTorch ${REPBENCH_TORCH_VERSION} in ${TORCH_ROOT}; found no version.h (run ./setup.sh)")
endif()
file(STRINGS ${version_header} version_lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR) ")
string(REGEX REPLACE "[^0-9]*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2" torch_version "${version_lines}")
if(NOT torch_version STREQUAL REPBENCH_TORCH_VERSION)
  message(FATAL_ERROR "[libtorch] expected LibTorch ${REPBENCH_TORCH_VERSION}; ${TORCH_ROOT} holds ${torch_version}")
endif()

# libtorch_cpu.so wants the CUDA runtime libraries to start: the toolkit's, or the two wheels that setup.sh adds.
find_path(CUDA_RUNTIME_DIR NAMES libcudart.so.13 libcudart.so.12
          HINTS ${CMAKE_SOURCE_DIR}/.deps/cuda_runtime $ENV{CUDA_HOME}/lib64 /usr/local/cuda/lib64)

add_library(repbench_libtorch INTERFACE)
add_library(repbench::libtorch ALIAS repbench_libtorch)
target_include_directories(repbench_libtorch SYSTEM INTERFACE
  ${TORCH_ROOT}/include ${TORCH_ROOT}/include/torch/csrc/api/include)
# The wheel ships its own, newer fmt headers, which come first: header-only, they need no library of that version.
target_compile_definitions(repbench_libtorch INTERFACE USE_DISTRIBUTED FMT_HEADER_ONLY)
target_link_libraries(repbench_libtorch INTERFACE ${TORCH_ROOT}/lib/libtorch_cpu.so ${TORCH_ROOT}/lib/libc10.so)
# Old-style RPATH also serves libtorch's own dependencies; RUNPATH does not.
target_link_options(repbench_libtorch INTERFACE -Wl,--disable-new-dtags -Wl,-rpath,${TORCH_ROOT}/lib)
if(CUDA_RUNTIME_DIR)
  target_link_options(repbench_libtorch INTERFACE -Wl,-rpath,${CUDA_RUNTIME_DIR} -Wl,-rpath-link,${CUDA_RUNTIME_DIR})
endif()

# ATen.h costs 11 s a file; every torch target shares this one precompiled header.
file(WRITE ${CMAKE_BINARY_DIR}/torch_pch.cpp.in "// Holds the precompiled header.\n")
configure_file(${CMAKE_BINARY_DIR}/torch_pch.cpp.in ${CMAKE_BINARY_DIR}/torch_pch.cpp COPYONLY)
add_library(repbench_torch_pch STATIC ${CMAKE_BINARY_DIR}/torch_pch.cpp)
target_link_libraries(repbench_torch_pch PUBLIC repbench::libtorch PRIVATE repbench_warnings)
target_precompile_headers(repbench_torch_pch PRIVATE <ATen/ATen.h> <functional> <map> <memory> <string> <vector>)
