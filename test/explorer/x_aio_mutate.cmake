# x_aio_mutate.cmake - plant one bug of a list into a copy of a source.
#
#   cmake -D LIST=<list> -D NAME=<bug> -D LIB=<lib/> -D OUT=<file.c>
#         -P x_aio_mutate.cmake
#
# When the bug can no longer be planted the copy is unchanged, and the test that
# wants it found fails.
cmake_minimum_required(VERSION 3.23)

# The text between two marks of the rest; sets rest to what follows the second.
function(take text from to out)
  string(FIND "${text}" "${from}" begin)
  if(begin EQUAL -1)
    set(${out} "" PARENT_SCOPE)
    return()
  endif()
  string(LENGTH "${from}" length)
  math(EXPR begin "${begin} + ${length}")
  string(SUBSTRING "${text}" ${begin} -1 text)
  string(FIND "${text}" "${to}" end)
  string(SUBSTRING "${text}" 0 ${end} text)
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

file(READ ${LIST} list)
string(APPEND list "\n== ")
take("${list}" "\n== ${NAME} " "\n== " bug)
string(REGEX MATCH "^[^ \n]+" file "${bug}")
file(READ ${LIB}/${file} source)

while(TRUE)
  take("${bug}" "\n---\n" "\n+++\n" old)
  if(old STREQUAL "")
    break()
  endif()
  string(FIND "${bug}" "\n+++\n" at)
  math(EXPR at "${at} + 5")
  string(SUBSTRING "${bug}" ${at} -1 bug)
  string(FIND "${bug}" "\n---\n" end)
  string(SUBSTRING "${bug}" 0 ${end} new)
  string(REGEX REPLACE "\n+$" "" new "${new}")

  string(FIND "${source}" "${old}" first)
  string(FIND "${source}" "${old}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message("mutate: ${NAME}: this is not found once in ${file}:\n${old}")
    file(READ ${LIB}/${file} source)
    break()
  endif()
  string(REPLACE "${old}" "${new}" source "${source}")
endwhile()
file(WRITE ${OUT} "${source}")
