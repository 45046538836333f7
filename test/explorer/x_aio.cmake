# lib/aio, lib/timer, lib/poller, lib/stream, lib/msgstream and lib/udp under the
# explorer: the bodies, the same over the real pool, and the planted bugs of
# x_aio_mutants.txt, x_fdio_mutants.txt, x_net_mutants.txt.

set(x_aio_dir ${CMAKE_CURRENT_BINARY_DIR}/x_aio_gen)

# Bounds made small, so that a body reaches them.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_SOURCE_DIR}/x_aio_small.txt)
file(STRINGS x_aio_small.txt x_aio_small REGEX "^== ")
set(x_aio_small_files)
foreach(line IN LISTS x_aio_small)
  string(REGEX MATCH "^== ([^ ]+) ([^ ]+)$" line "${line}")
  set(name ${CMAKE_MATCH_1})
  set(file ${CMAKE_MATCH_2})
  string(REGEX REPLACE "^.*include/" "" copy ${file})
  add_custom_command(OUTPUT ${x_aio_dir}/${copy}
    COMMAND ${CMAKE_COMMAND}
      -D LIST=${CMAKE_CURRENT_SOURCE_DIR}/x_aio_small.txt -D NAME=${name}
      -D LIB=${PROJECT_SOURCE_DIR}/lib -D OUT=${x_aio_dir}/${copy}
      -P ${CMAKE_CURRENT_SOURCE_DIR}/x_aio_mutate.cmake
    DEPENDS x_aio_small.txt x_aio_mutate.cmake ${PROJECT_SOURCE_DIR}/lib/${file}
    VERBATIM)
  list(APPEND x_aio_small_files ${x_aio_dir}/${copy})
endforeach()
add_custom_target(x_aio_small DEPENDS ${x_aio_small_files})

# What all these targets compile with.
function(x_aio_target name)
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
  target_include_directories(${name} BEFORE PRIVATE ${x_aio_dir}
    $<TARGET_PROPERTY:weir_explorer,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_definitions(${name} PRIVATE
    $<TARGET_PROPERTY:weir_explorer,INTERFACE_COMPILE_DEFINITIONS>)
  target_compile_options(${name} PRIVATE
    $<TARGET_PROPERTY:weir_explorer,INTERFACE_COMPILE_OPTIONS>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:weir_dev>)
  add_dependencies(${name} x_aio_small)
endfunction()

# The library as archives: the object of a mutant stands for the archive's.
get_target_property(x_aio_sources weir_objects SOURCES)
set(x_taskq_sources ${x_aio_sources})
set(x_fd_sources ${x_aio_sources})
set(x_net_sources ${x_aio_sources})
list(FILTER x_aio_sources INCLUDE REGEX
  "/((sleep|msg|chan|dns|net|offload|task|timer)/[^/]*|aio/[a-eg-z][^/]*|base/(err|life))[.]c$")
list(FILTER x_taskq_sources INCLUDE REGEX "/taskq/[^/]*[.]c$")
list(FILTER x_fd_sources INCLUDE REGEX "/(poller/[^/]*|aio/f[^/]*)[.]c$")
list(FILTER x_net_sources INCLUDE REGEX
  "/(stream|msgstream|udp|url)/[^/]*[.]c$")
add_library(x_aio_lib STATIC ${x_aio_sources})
x_aio_target(x_aio_lib)
add_library(x_aio_taskq STATIC ${x_taskq_sources})
x_aio_target(x_aio_taskq)
add_library(x_aio_fd STATIC ${x_fd_sources})
x_aio_target(x_aio_fd)
add_library(x_net_lib STATIC ${x_net_sources})
x_aio_target(x_net_lib)
add_library(x_aio_fake OBJECT x_aio_rig.c x_aio_toy.c fake_pool.c)
x_aio_target(x_aio_fake)
add_library(x_fdio_fake OBJECT
  x_fdio_rig.c fake_sys.c x_aio_rig.c x_aio_toy.c fake_pool.c)
x_aio_target(x_fdio_fake)

add_library(x_net_fake OBJECT
  x_net_rig.c fake_sys.c fake_net.c fake_bytes.c fake_calls.c
  x_aio_rig.c x_aio_toy.c)
x_aio_target(x_net_fake)
add_library(x_net_fake_pool OBJECT fake_pool.c)
x_aio_target(x_net_fake_pool)
add_library(x_net_real_pool OBJECT x_aio_pool.c)
x_aio_target(x_net_real_pool)
set(x_net_names x_stream x_accept x_dial x_msgstream x_udp)
if(weir_explorer_tsan) # it would judge how fake_bytes.c copies
  list(REMOVE_ITEM x_net_names x_stream x_msgstream x_udp)
endif()

# The program <name>: the bodies of <test>.c, what they stand on, and the
# sources in ARGN.
function(x_aio_program name test)
  set(fake $<TARGET_OBJECTS:x_aio_fake>)
  set(room)
  if(test MATCHES "^x_(timer|life)$")
    set(fake)
  elseif(test MATCHES "^x_fdio")
    set(fake $<TARGET_OBJECTS:x_fdio_fake>)
    set(room x_aio_fd)
  elseif(test IN_LIST x_net_names)
    set(fake $<TARGET_OBJECTS:x_net_fake> $<TARGET_OBJECTS:x_net_fake_pool>)
    set(room x_net_lib x_aio_fd)
  endif()
  add_executable(${name} $<TARGET_OBJECTS:${test}_body> ${fake} ${ARGN})
  x_aio_target(${name})
  target_link_libraries(${name} PRIVATE weir_explorer ${room} x_aio_lib)
endfunction()

# The bodies over the fake pool.
set(x_aio_names
  x_aio x_aio_end x_aio_time x_aio_fini x_aio_list x_aio_ring x_aio_task x_wait
  x_sleep x_chan x_dns)
foreach(name IN LISTS x_aio_names x_net_names
    ITEMS x_timer x_life x_fdio x_fdio_end)
  add_library(${name}_body OBJECT ${name}.c)
  x_aio_target(${name}_body)
  x_aio_program(${name} ${name})
  # Some words of x_aio_time are rare.
  set(schedules 5000)
  if(name STREQUAL "x_aio_time")
    set(schedules 30000)
  elseif(name IN_LIST x_net_names)
    set(schedules 1000) # these are long: 2000 with both modes
  endif()
  weir_explorer_ctest(${name} --schedules ${schedules})
endforeach()

# The same over the real one.
foreach(name IN LISTS x_aio_names)
  add_executable(${name}_pool ${name}.c x_aio_rig.c x_aio_toy.c x_aio_pool.c)
  x_aio_target(${name}_pool)
  target_compile_definitions(${name}_pool PRIVATE X_REAL_POOL)
  target_link_libraries(${name}_pool PRIVATE
    weir_explorer x_aio_lib x_aio_taskq)
  weir_explorer_ctest(${name}_pool --schedules 900)
endforeach()
foreach(name IN ITEMS x_fdio x_fdio_end)
  add_executable(${name}_pool ${name}.c x_fdio_rig.c fake_sys.c
    x_aio_rig.c x_aio_toy.c x_aio_pool.c)
  x_aio_target(${name}_pool)
  target_link_libraries(${name}_pool PRIVATE
    weir_explorer x_aio_fd x_aio_lib x_aio_taskq)
  weir_explorer_ctest(${name}_pool --schedules 900)
endforeach()
foreach(name IN LISTS x_net_names)
  add_executable(${name}_pool $<TARGET_OBJECTS:${name}_body>
    $<TARGET_OBJECTS:x_net_fake> $<TARGET_OBJECTS:x_net_real_pool>)
  x_aio_target(${name}_pool)
  target_link_libraries(${name}_pool PRIVATE
    weir_explorer x_net_lib x_aio_fd x_aio_lib x_aio_taskq)
  weir_explorer_ctest(${name}_pool --schedules 300)
endforeach()

# Planted bugs.
function(x_aio_plant list bug file program body)
  add_custom_command(OUTPUT ${x_aio_dir}/${bug}.c
    COMMAND ${CMAKE_COMMAND}
      -D LIST=${CMAKE_CURRENT_SOURCE_DIR}/${list} -D NAME=${bug}
      -D LIB=${PROJECT_SOURCE_DIR}/lib -D OUT=${x_aio_dir}/${bug}.c
      -P ${CMAKE_CURRENT_SOURCE_DIR}/x_aio_mutate.cmake
    DEPENDS ${list} x_aio_mutate.cmake ${PROJECT_SOURCE_DIR}/lib/${file}
    VERBATIM)
  if(NOT weir_explorer_plants)
    return()
  endif()
  x_aio_program(x_bug_${bug} ${program} ${x_aio_dir}/${bug}.c)
  # A mutant need not be pretty.
  set_source_files_properties(${x_aio_dir}/${bug}.c PROPERTIES
    COMPILE_OPTIONS -w)
  weir_explorer_ctest(x_bug_${bug} --test ${body} --schedules 200000
    --expect-fail)
endfunction()

foreach(list IN ITEMS x_aio_mutants.txt x_fdio_mutants.txt x_net_mutants.txt)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_SOURCE_DIR}/${list})
  file(STRINGS ${list} bugs REGEX "^== ")
  foreach(line IN LISTS bugs)
    string(REGEX MATCH "^== ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+)$" line "${line}")
    x_aio_plant(${list} ${CMAKE_MATCH_1} ${CMAKE_MATCH_2} ${CMAKE_MATCH_3}
      ${CMAKE_MATCH_4})
  endforeach()
endforeach()
