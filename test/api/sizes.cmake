# sizes.cmake - the kernel's budget, and the length of files and functions.
#
#   cmake -D ROOT=<source tree> -P sizes.cmake
cmake_minimum_required(VERSION 3.23)
include(${CMAKE_CURRENT_LIST_DIR}/code.cmake)

# Code: comments and blank lines do not count.  The goal is 4500; this may only
# fall.
set(kernel_lines_max 6148)
set(file_lines_max 500)    # all lines; test/api/long_files.txt lists the rest
set(function_lines_max 70)
set(bad FALSE)

# Lines of code of a file; complains about functions that are too long: they
# begin with a brace in the first column and end with one.
function(measure file out)
  file(RELATIVE_PATH name ${ROOT} ${file})
  code_lines(${file} lines)
  set(code 0)
  set(at 0)
  foreach(line IN LISTS lines)
    math(EXPR at "${at} + 1")
    if(line MATCHES "[^ \t]")
      math(EXPR code "${code} + 1")
    endif()
    if(line STREQUAL "{")
      set(begin ${at})
    elseif(line STREQUAL "}" AND DEFINED begin)
      math(EXPR length "${at} - ${begin} + 1")
      if(length GREATER function_lines_max)
        message("${name}:${begin}: a function of ${length} lines, \
${function_lines_max} at most")
        set(bad TRUE PARENT_SCOPE)
      endif()
      unset(begin)
    endif()
  endforeach()
  set(${out} ${code} PARENT_SCOPE)
endfunction()

# Files that are allowed to be long: path, then the reason.
set(long_files "")
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/long_files.txt long_lines
  REGEX "^[^#]")
foreach(line IN LISTS long_lines)
  if(NOT line MATCHES "^([^ ]+) +[^ ]")
    message("long_files.txt: not 'path reason': ${line}")
    set(bad TRUE)
  elseif(NOT EXISTS ${ROOT}/${CMAKE_MATCH_1})
    message("long_files.txt: ${CMAKE_MATCH_1} does not exist")
    set(bad TRUE)
  endif()
  list(APPEND long_files ${CMAKE_MATCH_1})
endforeach()

file(GLOB_RECURSE files
  ${ROOT}/lib/*.c ${ROOT}/lib/*.h ${ROOT}/include/*.h)
set(kernel_lines 0)
foreach(file IN LISTS files)
  file(RELATIVE_PATH name ${ROOT} ${file})
  measure(${file} code)
  if(name MATCHES "^lib/(base|taskq|timer|poller|aio)/")
    math(EXPR kernel_lines "${kernel_lines} + ${code}")
    math(EXPR lines_${CMAKE_MATCH_1} "${lines_${CMAKE_MATCH_1}} + ${code}")
  endif()
  file(READ ${file} text)
  string(REGEX REPLACE "[^\n]" "" newlines "${text}")
  string(LENGTH "${newlines}" length)
  if(length GREATER file_lines_max AND NOT name IN_LIST long_files)
    message("${name}: ${length} lines, ${file_lines_max} at most")
    set(bad TRUE)
  endif()
endforeach()

foreach(room IN ITEMS base taskq timer poller aio)
  message(STATUS "${room}: ${lines_${room}} lines of code")
endforeach()
message(STATUS "kernel: ${kernel_lines} of ${kernel_lines_max}")
if(kernel_lines GREATER kernel_lines_max)
  message("the kernel is over its budget")
  set(bad TRUE)
endif()
if(bad)
  message(FATAL_ERROR "sizes: too long")
endif()
