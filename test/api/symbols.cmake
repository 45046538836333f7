# symbols.cmake - the library exports what its headers promise, no more, no
# less; its objects share no name but weir_ and wri_.
#
#   cmake -D NM=<nm> -D ROOT=<source tree> -D LIBRARY=<libweir.so or .a>
#     -P symbols.cmake
cmake_minimum_required(VERSION 3.23)
include(${CMAKE_CURRENT_LIST_DIR}/code.cmake)

set(bad FALSE)

# What the headers promise: the name before the first parenthesis after
# WEIR_API; attributes have theirs before it.
set(promised "")
file(GLOB headers ${ROOT}/include/weir/*.h)
foreach(header IN LISTS headers)
  code_lines(${header} lines)
  string(REPLACE ";" " " text "${lines}")
  string(REPLACE "#define WEIR_API" "" text "${text}")
  string(REGEX MATCHALL "WEIR_API[^(]*[(]" declarations "${text}")
  foreach(declaration IN LISTS declarations)
    if(declaration MATCHES "(weir_[a-z0-9_]+) *[(]$")
      list(APPEND promised ${CMAKE_MATCH_1})
    endif()
  endforeach()
endforeach()

if(LIBRARY MATCHES "\\.so")
  set(dynamic -D)
  set(allowed "^weir_")
else()
  set(dynamic "")
  set(allowed "^(weir|wri)_")
endif()
execute_process(COMMAND ${NM} ${dynamic} --defined-only --extern-only
    --format=posix ${LIBRARY}
  OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" table "${table}")
set(exported "")
foreach(line IN LISTS table)
  if(line MATCHES "^([^ ]+) [A-Za-z] ")
    list(APPEND exported ${CMAKE_MATCH_1})
  endif()
endforeach()

foreach(name IN LISTS exported)
  if(NOT name MATCHES "${allowed}")
    message("${name}: not ours to export")
    set(bad TRUE)
  elseif(name MATCHES "^weir_" AND NOT name IN_LIST promised)
    message("${name}: exported, but in no header")
    set(bad TRUE)
  endif()
endforeach()
foreach(name IN LISTS promised)
  if(NOT name IN_LIST exported)
    message("${name}: promised by a header, but not exported")
    set(bad TRUE)
  endif()
endforeach()

list(LENGTH promised count)
if(bad OR count EQUAL 0)
  message(FATAL_ERROR "symbols: ${count} promised, and not all is well")
endif()
message(STATUS "symbols: ${count} promised and exported")
