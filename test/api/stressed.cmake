# stressed.cmake - every public call on a handle is made by a program that calls
# at random: test/stress, or test/fuzz/fuzz_api.c.
#
#   cmake -D ROOT=<source tree> -P stressed.cmake
#
# A call that is not, and never will be, stands in not_stressed.txt: name reason.
cmake_minimum_required(VERSION 3.23)

set(callers "")
file(GLOB files ${ROOT}/test/stress/*.c ${ROOT}/test/fuzz/fuzz_api.c
  ${ROOT}/test/aio/toy.c ${ROOT}/test/msgstream/stress_*.c
  ${ROOT}/test/udp/stress_*.c)
foreach(file IN LISTS files)
  file(READ ${file} text)
  string(APPEND callers "${text}")
endforeach()

set(bad FALSE)
set(excused "")
file(STRINGS ${ROOT}/test/api/not_stressed.txt lines)
foreach(line IN LISTS lines)
  if(NOT line MATCHES "^(weir_[a-z0-9_]+) +[^ ]")
    message("not_stressed.txt: not 'call reason': ${line}")
    set(bad TRUE)
  endif()
  list(APPEND excused ${CMAKE_MATCH_1})
endforeach()

file(GLOB headers ${ROOT}/include/weir/*.h)
set(calls 0)
foreach(header IN LISTS headers)
  file(READ ${header} text)
  string(REPLACE ";" "@" text "${text}")
  string(REGEX MATCHALL "WEIR_API[^@]*@" declarations "${text}")
  foreach(declaration IN LISTS declarations)
    if(NOT declaration MATCHES "(weir_[a-z0-9_]+)[(][^@]*weir_aio [*]")
      continue()
    endif()
    set(name ${CMAKE_MATCH_1})
    math(EXPR calls "${calls} + 1")
    if(callers MATCHES "[^a-z_]${name}[^a-z0-9_]")
      if(name IN_LIST excused)
        message("not_stressed.txt: ${name} is called")
        set(bad TRUE)
      endif()
    elseif(NOT name IN_LIST excused)
      message("${name} takes a handle, and nothing calls it at random")
      set(bad TRUE)
    endif()
  endforeach()
endforeach()
message(STATUS "${calls} calls on a handle")
if(bad OR calls LESS 40)
  message(FATAL_ERROR "stressed: see above")
endif()
