# The crash campaign (tests/torture/run): built with the rest, not run by ctest.
add_executable(torture tests/torture/torture.c tests/torture/roles.c)
target_include_directories(torture PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_compile_options(torture PRIVATE ${TITR_WARNINGS} -include ${CMAKE_SOURCE_DIR}/src/base/banned.h)
target_link_libraries(torture PRIVATE titr_queue)
