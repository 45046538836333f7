# symbols.cmake - the library exports what its headers promise, no more, no
# less; its objects share no name but weir_ (or nng_) and wri_.
#
#   cmake -D NM=<nm> -D ROOT=<source tree> -D LIBRARY=<libweir.so or .a>
#     [-D FACE=nng] -P symbols.cmake
#
# FACE nng: the library is libweir-nng, its headers are what <nng/nng.h>
# includes, and docs/guide/from-nng.md has each function.
cmake_minimum_required(VERSION 3.23)
include(${CMAKE_CURRENT_LIST_DIR}/code.cmake)

set(bad FALSE)

if(FACE STREQUAL "nng")
  set(mark NNG_DECL)
  set(headers "")
  set(face_dir ${ROOT}/include/weir/compat)
  file(STRINGS ${face_dir}/nng/nng.h parts REGEX "^#include <nng/parts/")
  foreach(part IN LISTS parts)
    string(REGEX REPLACE "^#include <([^>]*)>.*" "\\1" part "${part}")
    list(APPEND headers ${face_dir}/${part})
  endforeach()
else()
  set(FACE weir)
  set(mark WEIR_API)
  file(GLOB headers ${ROOT}/include/weir/*.h)
endif()

# What the headers promise: the name before the first parenthesis after the
# mark; attributes have theirs before it.
set(promised "")
foreach(header IN LISTS headers)
  code_lines(${header} lines)
  string(REPLACE ";" " " text "${lines}")
  string(REGEX REPLACE "# *(define|ifndef) ${mark}" "" text "${text}")
  string(REGEX MATCHALL "${mark}[^(]*[(]" declarations "${text}")
  foreach(declaration IN LISTS declarations)
    if(declaration MATCHES "(${FACE}_[a-z0-9_]+) *[(]$")
      list(APPEND promised ${CMAKE_MATCH_1})
    endif()
  endforeach()
endforeach()

if(LIBRARY MATCHES "\\.so")
  set(dynamic -D)
  set(allowed "^${FACE}_")
else()
  set(dynamic "")
  set(allowed "^(${FACE}|wri)_")
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
  elseif(name MATCHES "^${FACE}_" AND NOT name IN_LIST promised)
    message("${name}: exported, but in no header")
    set(bad TRUE)
  endif()
endforeach()
# The guide says of each what is different.
if(FACE STREQUAL "nng")
  file(READ ${ROOT}/docs/guide/from-nng.md guide)
  foreach(name IN LISTS promised)
    string(FIND "${guide}" "`${name}`" at)
    if(at EQUAL -1)
      message("${name}: not in docs/guide/from-nng.md")
      set(bad TRUE)
    endif()
  endforeach()
endif()

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
