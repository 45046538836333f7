# Pools, strands and the watch: taskq with a fake poller, and planted bugs.

set(x_taskq_dir ${PROJECT_SOURCE_DIR}/lib/taskq)

add_library(weir_explorer_taskq OBJECT
  ${x_taskq_dir}/pool.c
  ${x_taskq_dir}/wake.c
  ${x_taskq_dir}/take.c
  ${x_taskq_dir}/runner.c
  ${x_taskq_dir}/watch.c
  ${x_taskq_dir}/strand.c
  ${x_taskq_dir}/pools.c
  ${PROJECT_SOURCE_DIR}/lib/base/err.c
  ${PROJECT_SOURCE_DIR}/lib/base/life.c
  x_pool_rig.c fake_slot.c)
set_target_properties(weir_explorer_taskq PROPERTIES
  C_STANDARD 11 C_EXTENSIONS OFF)
target_link_libraries(weir_explorer_taskq PRIVATE weir_explorer)

# The program <name> from <test>.c, without the files of taskq in <skip> (a
# regular expression), with the sources in ARGN.
function(weir_taskq_program name test skip)
  add_executable(${name} ${test}.c ${ARGN}
    $<FILTER:$<TARGET_OBJECTS:weir_explorer_taskq>,EXCLUDE,${skip}>)
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
  target_link_libraries(${name} PRIVATE weir_explorer)
endfunction()

# weir_add_taskq_test(<test> [<n schedules per body and mode>])
function(weir_add_taskq_test test)
  set(schedules 4000 ${ARGN})
  list(GET schedules -1 schedules)
  set(skip "^$")
  if(test STREQUAL "x_strand")
    set(skip "/strand[.]c[.]") # the test includes it
  endif()
  weir_taskq_program(${test} ${test} ${skip})
  weir_explorer_ctest(${test} --schedules ${schedules})
endfunction()

# weir_add_taskq_plant(<name> <test> <body> <file> <sed script> [ARGS ...])
#
# The test with a copy of lib/taskq/<file> that x_pool_mutate.sh has changed;
# passes when the body fails.
function(weir_add_taskq_plant name test body file script)
  if(NOT weir_explorer_plants)
    return()
  endif()
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/plants/${name})
  set(copy ${dir}/taskq/${file})
  set(mutate ${CMAKE_CURRENT_SOURCE_DIR}/x_pool_mutate.sh)
  file(MAKE_DIRECTORY ${dir}/taskq)
  add_custom_command(OUTPUT ${copy}
    COMMAND sh ${mutate} ${x_taskq_dir}/${file} ${copy} "${script}"
    DEPENDS ${x_taskq_dir}/${file} ${mutate}
    VERBATIM)
  string(REPLACE "." "[.]" skip "/${file}.")
  set(sources ${copy})
  if(test STREQUAL "x_strand")
    string(APPEND skip "|/strand[.]c[.]")
    if(file STREQUAL "strand.c")
      set_source_files_properties(${copy} PROPERTIES HEADER_FILE_ONLY TRUE)
    endif()
  endif()
  weir_taskq_program(x_${name} ${test} "${skip}" ${sources})
  target_include_directories(x_${name} BEFORE PRIVATE ${dir})
  # What a plant leaves without use or effect is not our mistake.
  target_compile_options(x_${name} PRIVATE -w)
  weir_explorer_ctest(x_${name} --test ${body} --schedules 200000 ${ARGN}
    --expect-fail)
endfunction()

weir_add_taskq_test(x_pool)
weir_add_taskq_test(x_pool_poll)
weir_add_taskq_test(x_pool_wait)
weir_add_taskq_test(x_pool_stop)
weir_add_taskq_test(x_watch)
weir_add_taskq_test(x_role)
weir_add_taskq_test(x_strand)

# ---- planted bugs -----------------------------------------------------------

# Waking and parking.
weir_add_taskq_plant(park_no_look x_pool park_1 runner.c
  [[s/\(stopping \|\| wri_pool_has_work\(pool, r\)\)/stopping/]])
# The search that has found nobody is made long, or it takes millions.
weir_add_taskq_plant(trusts_no_look x_pool gives_up wake.c
  [[s/(\t\t\twri_sub\(&pool->searching, 1, WRI_SC\); \/\* T1 \*\/\n\t\t\})\n\t\t\/\* Anew[^\n]*\n\t\tif \(wri_load\(&pool->stopping, WRI_SC\) == 0\) \{ \/\* T7 \*\/\n\t\t\t\(void\)wri_pool_wake\(pool\);\n\t\t\}\n/\t\t\tfor (int i = 0; i < 60; i++) {\n\t\t\t\twri_load(\&pool->wakes, WRI_RLX);\n\t\t\t}\n\1\n/]])
weir_add_taskq_plant(counted_twice x_pool park_1 wake.c
  [[s/(\t\t)runner_wake\(r\);\n/\1wri_add(\&pool->searching, 1, WRI_SC);\n&\1wri_sub(\&pool->searching, 1, WRI_SC);\n/]])
weir_add_taskq_plant(unpark_uncounted x_pool park_1 runner.c
  [[s/\twri_add\(&pool->searching, 1, WRI_SC\);\n//]])
weir_add_taskq_plant(token_late x_pool park_1 runner.c
  [[s/\tr->token = false;\n/\tif (!served) {\n\t\treturn;\n\t}\n&/; s/token_take\(r\) && serve/(r->token || token_take(r)) \&\& serve/; s/\twri_watch_over\(pool\);\n\twri_bump/\tif (r->token) {\n\t\tr->token = false;\n\t\twri_sub(\&pool->tokens, 1, WRI_SC);\n\t}\n&/]])
weir_add_taskq_plant(grow_early x_pool_wait no_thread pool.c
  [[s/(\trv = wri_thread_start)/\twri_store(\&pool->runners[i], r, WRI_REL);\n\twri_store(\&pool->nrunners, i + 1, WRI_REL);\n\1/; s/(!= WEIR_OK\) \{\n)(\t\twri_free\(r, sizeof)/\1\t\twri_store(\&pool->nrunners, i, WRI_REL);\n\2/]])
weir_add_taskq_plant(stop_waits x_pool_wait stopped pool.c
  [[s/ \|\|\n\t    wri_load\(&pool->stopping, WRI_SC\) != 0\) \{/) {/]])
weir_add_taskq_plant(abandoned_clears x_pool_stop abandon watch.c
  [[s/!= POOL_ABANDONED/!= 99/]])
weir_add_taskq_plant(abandoned_polls x_pool_stop abandon runner.c
  [[s/!= POOL_ABANDONED/!= 99/]])
weir_add_taskq_plant(abandoned_serves x_pool_stop abandon runner.c
  [[s/== POOL_ABANDONED/== 99/]])

weir_add_taskq_plant(notify_uncounted x_pool_stop late_two_lives wake.c
  [[s/\twri_add\(&pool->visitors, 1, WRI_SC\);[^\n]*\n//; s/\twri_sub\(&pool->visitors, 1, WRI_SC\);[^\n]*\n//]])
weir_add_taskq_plant(stop_before_place x_pool_stop stop_wait pool.c
  [[s/\twri_sub\(&pool->tokens, 1, WRI_SC\); \/\* T1 \*\/\n(\tif \(others)/\1/; s/\t\twri_add\(&pool->tokens, 1, WRI_SC\);\n(\t\twri_mtx_unlock)/\1/; s/\tpool->nwaiting\+\+;\n/&\twri_sub(\&pool->tokens, 1, WRI_SC);\n/]])
weir_add_taskq_plant(visitors_forgotten x_pool_stop late_post pool.c
  [[s/visits = exec/visits = false \&\& exec/]])

weir_add_taskq_plant(other_not_held x_pool_stop others watch.c
  [[s/\t\twri_add\(&p->visitors, 1, WRI_SC\);[^\n]*\n//; s/\t\twri_sub\(&p->visitors, 1, WRI_SC\);[^\n]*\n//]])
weir_add_taskq_plant(fini_leaves_early x_pool_stop others_hang pool.c
  [[s/\tif \(rv != WEIR_OK\) \{\n\t\treturn rv; \/\* a thread/\tif (false) {\n\t\treturn rv; \/* a thread/]])

# Turns.
weir_add_taskq_plant(door_starves x_pool starved take.c
  [[s/r->ticks >= DOOR_EVERY/false/]])
weir_add_taskq_plant(late_starves x_watch starved take.c
  [[s/now < beat \+ LATE_NS &&/true \&\&/]])

# The watch.
weir_add_taskq_plant(mark_uncounted x_watch marked watch.c
  [[s/\twri_add\(&r->pool->blocked, 1, WRI_SC\);\n//; s/\twri_sub\(&r->pool->blocked, 1, WRI_SC\);\n//]])
weir_add_taskq_plant(mark_stays x_role returns watch.c
  [[s/if \(again != beat\)/if (false)/]])
weir_add_taskq_plant(out_no_look x_watch clear_set watch.c
  [[s/watch_pull\(watch_look\(now\)\);/watch_pull(0);/]])
weir_add_taskq_plant(timer_not_pulled x_watch watchman watch.c
  [[s/at != 0 \? watch_look\(now\) : 0/0/]])
weir_add_taskq_plant(back_unstamped x_watch late_again runner.c
  [[s/if \(wri_runner_unmark\(r\) \|\|/(void)wri_runner_unmark(r);\n\tif (false ||/]])
weir_add_taskq_plant(parks_unwatched x_watch park_late runner.c
  [[s/\twri_watch_over\(pool\);\n\twri_bump/\twri_bump/]])

# Slots.
weir_add_taskq_plant(relief_no_cas x_role returns runner.c
  [[s/!wri_cas\(&slot->serving, &seen, 0, WRI_SC\)/(wri_store(\&slot->serving, 0, WRI_SC), false)/]])
weir_add_taskq_plant(wait_not_relieved x_role waits runner.c
  [[s/ \|\|\n\t\t    wri_load\(&owner->beat, WRI_SC\) == 0/ || false/]])
weir_add_taskq_plant(relief_forgotten x_role held_up watch.c
  [[s/wri_pool_has_work\(pool, NULL\)/wri_pool_has_task(pool, NULL)/]])
weir_add_taskq_plant(heavy_left x_pool_poll goes_heavy runner.c
  [[s/!wri_pool_wake_parked\(pool\);/false;/]])
weir_add_taskq_plant(poller_spins x_pool_poll half_way runner.c
  [[s/\} else if \(!served\) \{/} else if (false) {/]])
weir_add_taskq_plant(poller_sleeps x_pool_poll no_spare watch.c
  [[s/!wri_pool_wake\(pool\)/!wri_pool_wake_parked(pool)/]])

# Strands.
weir_add_taskq_plant(strand_posted_twice x_strand one_strand strand.c
  [[s/1, WRI_SC\) == 0\) \{/1, WRI_SC) < 2) {/]])
weir_add_taskq_plant(strand_forgotten x_strand one_strand strand.c
  [[s/\t\twri_pool_push\(r->pool, &s->task\);\n//]])
weir_add_taskq_plant(strand_spins x_strand half_way strand.c
  [[s/\t\twri_runner_stall\(r\);\n//]])
