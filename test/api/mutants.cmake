# mutants.cmake - each promise has a planted bug that a test must catch.
#
#   cmake -D ROOT=<source tree> -P mutants.cmake
#
# The ids are those of docs/design/verification.md; the rows those of
# test/mutants/list.txt; test/mutants/exceptions.txt names the promises that need
# none, and why.  A promise that verification.md marks P needs one in any case,
# and each row needs a promise that there is.
cmake_minimum_required(VERSION 3.23)

set(bad 0)

file(STRINGS ${ROOT}/docs/design/verification.md rows
  REGEX "^\\| [A-Z][0-9]+ \\| ")
foreach(row IN LISTS rows)
  string(REGEX MATCH "^\\| ([A-Z][0-9]+) \\| (.*) \\| ([^|]*) \\|$" row "${row}")
  list(APPEND ids ${CMAKE_MATCH_1})
  if(CMAKE_MATCH_3 MATCHES "(^| )P( |$)")
    list(APPEND marked ${CMAKE_MATCH_1})
  endif()
endforeach()
list(LENGTH ids n)
if(n LESS 40)
  message(FATAL_ERROR "verification.md: only ${n} promises found")
endif()

file(STRINGS ${ROOT}/test/mutants/list.txt rows REGEX "^(==|=>) ")
foreach(row IN LISTS rows)
  string(REGEX MATCH "^.. ([*]?)([^ ]+) ([^ ]+)" row "${row}")
  set(ci "${CMAKE_MATCH_1}")
  set(name ${CMAKE_MATCH_2})
  string(REPLACE "," ";" promises "${CMAKE_MATCH_3}")
  if(name IN_LIST names)
    message("list.txt: ${name}: twice")
    set(bad 1)
  endif()
  list(APPEND names ${name})
  foreach(id IN LISTS promises)
    if(NOT id IN_LIST ids)
      message("list.txt: ${name}: there is no promise ${id}")
      set(bad 1)
    endif()
    list(APPEND planted ${id})
    if(ci)
      list(APPEND planted_ci ${id})
    endif()
  endforeach()
endforeach()

file(STRINGS ${ROOT}/test/mutants/exceptions.txt rows REGEX "^[A-Z][0-9]+ ")
foreach(row IN LISTS rows)
  string(REGEX MATCH "^[A-Z][0-9]+" id "${row}")
  list(APPEND excepted ${id})
  if(id IN_LIST planted OR NOT id IN_LIST ids)
    message("exceptions.txt: ${id}: has a row, or is no promise")
    set(bad 1)
  endif()
endforeach()

foreach(id IN LISTS ids)
  if(id IN_LIST excepted AND NOT id IN_LIST marked)
    continue()
  endif()
  if(NOT id IN_LIST planted_ci)
    message("list.txt: ${id}: no bug is planted for it in --ci")
    set(bad 1)
  endif()
endforeach()

if(bad)
  message(FATAL_ERROR "see test/mutants/README.md")
endif()
