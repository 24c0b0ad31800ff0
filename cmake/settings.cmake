# SPDX-License-Identifier: Apache-2.0
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

# ccache is used where it is there; sanitized and plain objects share its cache without harm.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# In the build folder things lie as they do when installed, so that osb finds its helpers the same way.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(OSB_LIBEXEC ${CMAKE_BINARY_DIR}/libexec/osb)

find_package(Threads REQUIRED)

# Every target of ours links osb_settings (warnings) and, unless it is a static program, osb_sanitizers.
add_library(osb_settings INTERFACE)
target_include_directories(osb_settings INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(osb_settings INTERFACE _FILE_OFFSET_BITS=64 OSB_VERSION="${PROJECT_VERSION}")
# An assert names its file from the top of the project, so that no program knows where it was built.
target_compile_options(osb_settings INTERFACE -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/= -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wconversion
    -Wno-sign-conversion -Wno-missing-field-initializers $<$<BOOL:${OSB_WERROR}>:-Werror>)
target_link_libraries(osb_settings INTERFACE Threads::Threads)

add_library(osb_sanitizers INTERFACE)
if(OSB_SANITIZE)
    # g++ 12 sees uninitialised values in instrumented code where there are none (GCC bug 105562).
    target_compile_options(osb_sanitizers INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
        -fno-omit-frame-pointer -Wno-maybe-uninitialized)
    target_link_options(osb_sanitizers INTERFACE -fsanitize=address,undefined)
endif()
