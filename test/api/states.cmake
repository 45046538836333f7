# states.cmake - the tables of call and state: docs/api shows those of
# test/aio/states.txt, which test/aio/test_state_table.c plays.
#
#   cmake -D ROOT=<source tree> -P states.cmake
cmake_minimum_required(VERSION 3.23)
include(${CMAKE_CURRENT_LIST_DIR}/code.cmake)

set(bad FALSE)
set(table test/aio/states.txt)

# The lines of a file as a list; what CMake's lists cannot hold is replaced.
function(text_lines name out)
  file(READ ${ROOT}/${name} text)
  string(REPLACE "[" "(" text "${text}")
  string(REPLACE "]" ")" text "${text}")
  string(REPLACE ";" "," text "${text}")
  string(REPLACE "\\" "@" text "${text}")
  string(REPLACE "\n" ";" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# The rows of a file between two lines.
function(rows_between name begin end out)
  text_lines(${name} lines)
  set(rows "")
  set(within FALSE)
  foreach(line IN LISTS lines)
    if(line STREQUAL begin)
      set(within TRUE)
    elseif(line MATCHES "${end}")
      set(within FALSE)
    elseif(within AND line MATCHES "^[|]")
      list(APPEND rows "${line}")
    endif()
  endforeach()
  set(${out} "${rows}" PARENT_SCOPE)
endfunction()

# Say which line it is: the first that differs.
foreach(page IN ITEMS docs/api/aio.md docs/api/provider.md)
  rows_between(${table} "# ${page}" "^# " want)
  rows_between(${page} "<!-- states -->" "^<!-- /states -->" got)
  if(want STREQUAL "")
    message("${table}: nothing for ${page}")
    set(bad TRUE)
  endif()
  while(want OR got)
    list(POP_FRONT want want_row)
    list(POP_FRONT got got_row)
    if(NOT "${want_row}" STREQUAL "${got_row}")
      message("${page}: the tables of states differ\n"
        "  ${table}: ${want_row}\n  ${page}: ${got_row}")
      set(bad TRUE)
      break()
    endif()
  endwhile()
endforeach()

# Every function that gets a handle has a row: the name before the first
# parenthesis after WEIR_API.  Of services this only reminds.
file(READ ${ROOT}/${table} text)
file(GLOB headers ${ROOT}/include/weir/*.h)
set(count 0)
foreach(header IN LISTS headers)
  get_filename_component(file ${header} NAME)
  code_lines(${header} lines)
  string(REPLACE ";" " " lines "${lines}")
  string(REPLACE "#define WEIR_API" "" lines "${lines}")
  string(REGEX MATCHALL "WEIR_API[^(]*[(][^)]*weir_aio [*][^)]*[)]"
    declarations "${lines}")
  foreach(declaration IN LISTS declarations)
    string(REGEX REPLACE "^.*[ *](weir_[a-z0-9_]+) *[(].*$" "\\1" name
      "${declaration}")
    math(EXPR count "${count} + 1")
    if(NOT text MATCHES "`${name}[`(]")
      message("${table}: no row for ${name} of <weir/${file}>")
      if(file MATCHES "^(aio|provider)[.]h$")
        set(bad TRUE)
      endif()
    endif()
  endforeach()
endforeach()

if(bad OR count EQUAL 0)
  message(FATAL_ERROR "states: ${count} functions, and not all is well")
endif()
message(STATUS "states: ${count} functions, and the pages say what is played")
