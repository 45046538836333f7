# Under ThreadSanitizer only: x_race, and the planted bugs of x_race_plants.txt.

# One process for each body: after its first report the runtime was seen to miss
# the next ones.
weir_explorer_program(x_race ${CMAKE_CURRENT_SOURCE_DIR}/x_race.c "")
foreach(body IN ITEMS publish rmw sequence mutex latch thread bad_store bad_load
    bad_add bad_failed_cas bad_no_mutex bad_futex bad_alarm bad_free)
  add_test(NAME explorer/x_race_${body}
    COMMAND ${weir_launcher} $<TARGET_FILE:x_race> --test ${body}
      --schedules 1000)
  set_tests_properties(explorer/x_race_${body} PROPERTIES
    LABELS explorer TIMEOUT 300)
endforeach()

set(x_race_dir ${CMAKE_CURRENT_BINARY_DIR}/x_race_gen)

function(x_race_plant bug file program body)
  set(copy ${x_race_dir}/${bug}/${file})
  add_custom_command(OUTPUT ${copy}
    COMMAND ${CMAKE_COMMAND}
      -D LIST=${CMAKE_CURRENT_SOURCE_DIR}/x_race_plants.txt -D NAME=${bug}
      -D LIB=${PROJECT_SOURCE_DIR}/lib -D OUT=${copy}
      -P ${CMAKE_CURRENT_SOURCE_DIR}/x_aio_mutate.cmake
    DEPENDS x_race_plants.txt x_aio_mutate.cmake ${PROJECT_SOURCE_DIR}/lib/${file}
    VERBATIM)
  set_source_files_properties(${copy} PROPERTIES COMPILE_OPTIONS -w)
  if(program MATCHES "^x_(mpsc|lane)$") # a header, or its only source
    add_executable(x_race_${bug} ${program}.c ${copy})
    set_target_properties(x_race_${bug} PROPERTIES
      C_STANDARD 11 C_EXTENSIONS OFF)
    target_include_directories(x_race_${bug} BEFORE PRIVATE
      ${x_race_dir}/${bug})
    target_link_libraries(x_race_${bug} PRIVATE weir_explorer)
  else()
    x_aio_program(x_race_${bug} ${program} ${copy})
  endif()
  weir_explorer_ctest(x_race_${bug} --test ${body} --schedules 20000
    --expect-fail)
endfunction()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_SOURCE_DIR}/x_race_plants.txt)
file(STRINGS x_race_plants.txt bugs REGEX "^== ")
foreach(line IN LISTS bugs)
  string(REGEX MATCH "^== ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+)$" line "${line}")
  x_race_plant(${CMAKE_MATCH_1} ${CMAKE_MATCH_2} ${CMAKE_MATCH_3}
    ${CMAKE_MATCH_4})
endforeach()
