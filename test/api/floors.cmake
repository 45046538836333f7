# floors.cmake - the include law, and what may be done in lib/base only.
#
#   cmake -D ROOT=<source tree> -P floors.cmake
cmake_minimum_required(VERSION 3.23)
include(${CMAKE_CURRENT_LIST_DIR}/code.cmake)

set(bad 0)

macro(complain where what)
  message("${where}: ${what}")
  math(EXPR bad "${bad} + 1")
endmacro()

# Rooms and their floors.
file(STRINGS ${ROOT}/lib/floors.txt floor_lines REGEX "^[a-z]")
set(rooms "")
foreach(line IN LISTS floor_lines)
  if(NOT line MATCHES "^([a-z]+) ([0-9]+)$")
    complain(lib/floors.txt "not 'room floor': ${line}")
    continue()
  endif()
  list(APPEND rooms ${CMAKE_MATCH_1})
  set(floor_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()

# Nobody: TSan does not see the one, the other is no order at all.
set(banned_everywhere
  "atomic_thread_fence" "__sync_synchronize" "volatile"
  "<stdatomic.h>" "setjmp" "longjmp" "atexit" "constructor")

# Outside lib/base.  A call counts when no name character, arrow or dot stands
# before it.
set(banned_above
  "__atomic_" "__sync_" "__thread" "_Thread_local" "pthread_" "sched_"
  "SYS_futex" "<linux/futex.h>" "__errno")
set(calls syscall
  socket socketpair bind listen accept accept4 connect shutdown
  recv recvfrom recvmsg send sendto sendmsg read readv write writev close
  getsockopt setsockopt getsockname getpeername
  epoll_create1 epoll_ctl epoll_wait epoll_pwait poll ppoll select
  eventfd timerfd_create timerfd_settime signalfd
  open openat unlink stat lstat fstat fcntl ioctl pipe pipe2 dup dup2
  mmap munmap madvise prctl fork clock_gettime nanosleep usleep sleep
  getrandom rand random
  malloc calloc realloc aligned_alloc posix_memalign free strdup
  abort exit _exit printf fprintf puts perror)
list(JOIN calls "|" calls)

# May a file of this room include "<to>/<header>"?
function(include_law where room to header)
  if(to STREQUAL "explorer" AND room STREQUAL "base")
    return() # the explorer's seam
  endif()
  if(NOT to IN_LIST rooms)
    complain(${where} "includes \"${to}/${header}\": no such room")
  elseif(to STREQUAL room)
    # at home
  elseif(header MATCHES "_impl\\.h$")
    complain(${where} "includes ${to}/${header} of another room")
  elseif(NOT floor_${to} LESS floor_${room})
    complain(${where} "floor ${floor_${room}} includes ${to}/${header}, \
floor ${floor_${to}}")
  elseif(floor_${room} GREATER 3 AND NOT room STREQUAL "weir"
      AND floor_${to} GREATER 0 AND floor_${to} LESS 4)
    complain(${where} "a service includes ${to}/${header}: of the kernel it \
sees <weir/*.h> and base/ only")
  endif()
  set(bad ${bad} PARENT_SCOPE)
endfunction()

function(check_file file)
  file(RELATIVE_PATH name ${ROOT} ${file})
  if(name MATCHES "^lib/([a-z]+)/")
    set(room ${CMAKE_MATCH_1})
  elseif(name MATCHES "^lib/")
    set(room weir)
  else()
    set(room public)
  endif()
  if(NOT room STREQUAL "public" AND NOT room IN_LIST rooms)
    complain(${name} "room ${room} is not in lib/floors.txt")
    set(bad ${bad} PARENT_SCOPE)
    return()
  endif()

  # A .c file that has a header includes it first, directly or by its room's
  # _impl.h.
  set(first "")
  string(REGEX REPLACE "\\.c$" ".h" own "${file}")
  if(name MATCHES "\\.c$" AND EXISTS ${own})
    file(RELATIVE_PATH first ${ROOT}/lib ${own})
  endif()

  code_lines(${file} lines)
  set(at 0)
  foreach(line IN LISTS lines)
    math(EXPR at "${at} + 1")
    set(where ${name}:${at})
    if(line MATCHES "^ *# *include +\"([^\"]*)\"")
      set(included "${CMAKE_MATCH_1}")
      if(room STREQUAL "public")
        complain(${where} "a public header includes \"${included}\"")
      elseif(included MATCHES "^([a-z]+)/([a-z0-9_]+\\.h)$")
        include_law(${where} ${room} ${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
      elseif(room STREQUAL "weir" AND NOT included MATCHES "/")
        # the files of lib/ itself
      else()
        complain(${where} "\"${included}\" is not \"room/header.h\"")
      endif()
      if(NOT first STREQUAL "" AND NOT included STREQUAL first
          AND NOT included MATCHES "^${room}/[a-z]+_impl\\.h$")
        complain(${where} "the first include must be \"${first}\"")
      endif()
      set(first "")
      continue()
    elseif(line MATCHES "^ *# *include")
      if(NOT first STREQUAL "")
        complain(${where} "the first include must be \"${first}\"")
        set(first "")
      endif()
    endif()
    foreach(word IN LISTS banned_everywhere)
      if(line MATCHES "(^|[^a-zA-Z0-9_])${word}")
        complain(${where} "${word} is banned")
      endif()
    endforeach()
    # weir-nng is a library of its own and cannot have lib/base: two files of
    # it are its door.
    if(room STREQUAL "base" OR room STREQUAL "public"
        OR name MATCHES "^lib/compat/(machine|thread)[.]c$")
      continue()
    endif()
    foreach(word IN LISTS banned_above)
      if(line MATCHES "(^|[^a-zA-Z0-9_])${word}")
        complain(${where} "${word} belongs into lib/base")
      endif()
    endforeach()
    if(line MATCHES "(^|[^a-zA-Z0-9_>.])(${calls})[(]")
      complain(${where} "${CMAKE_MATCH_2}() belongs into lib/base")
    endif()
  endforeach()
  set(bad ${bad} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files
  ${ROOT}/lib/*.c ${ROOT}/lib/*.h ${ROOT}/include/*.h)
foreach(file IN LISTS files)
  check_file(${file})
endforeach()

list(LENGTH files count)
if(bad)
  message(FATAL_ERROR "floors: ${bad} complaints in ${count} files")
endif()
message(STATUS "floors: ${count} files are where they belong")
