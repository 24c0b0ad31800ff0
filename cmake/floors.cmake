# SPDX-License-Identifier: Apache-2.0

# osb_floor(NAME SOURCES … LINKS … [FOR_STATIC]): the library osb_NAME.
# LINKS are floors below (osb_base …) and system libraries by their plain names, which a static link understands as well.
# FOR_STATIC also gives osb_NAME_static, without sanitizers, for the programs that run inside foreign trees.
function(osb_floor name)
    cmake_parse_arguments(FLOOR "FOR_STATIC" "" "SOURCES;LINKS" ${ARGN})
    add_library(osb_${name} STATIC ${FLOOR_SOURCES})
    target_link_libraries(osb_${name} PUBLIC osb_settings osb_sanitizers ${FLOOR_LINKS})
    if(FLOOR_FOR_STATIC)
        if(OSB_SANITIZE)
            add_library(osb_${name}_static STATIC ${FLOOR_SOURCES})
            set(links ${FLOOR_LINKS})
            list(TRANSFORM links REPLACE "^(osb_.*)$" "\\1_static")
            target_link_libraries(osb_${name}_static PUBLIC osb_settings ${links})
        else()
            add_library(osb_${name}_static ALIAS osb_${name})
        endif()
    endif()
endfunction()

# osb_static_program(NAME SOURCES … LINKS …): LIBEXEC/osb/NAME, linked statically: it runs in any tree, even an empty one.
function(osb_static_program name)
    cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINKS" ${ARGN})
    add_executable(${name} ${PROGRAM_SOURCES})
    target_link_libraries(${name} PRIVATE osb_settings ${PROGRAM_LINKS})
    target_link_options(${name} PRIVATE -static -Wl,--build-id=sha1)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${OSB_LIBEXEC})
    install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/osb)
endfunction()

# osb_test(FLOOR SOURCES … LINKS …): the test program osb_FLOOR_test, one ctest entry.
function(osb_test floor)
    cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
    add_executable(osb_${floor}_test ${TEST_SOURCES})
    target_link_libraries(osb_${floor}_test PRIVATE osb_test_main osb_settings osb_sanitizers ${TEST_LINKS})
    target_compile_definitions(osb_${floor}_test PRIVATE
        OSB_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data" OSB_TEST_BUILD="${CMAKE_BINARY_DIR}")
    set_target_properties(osb_${floor}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${floor} COMMAND osb_${floor}_test)
    if(NOT TEST_TIMEOUT)
        set(TEST_TIMEOUT 600)
    endif()
    set_tests_properties(${floor} PROPERTIES TIMEOUT ${TEST_TIMEOUT})
endfunction()
