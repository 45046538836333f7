/*
 * door - the machine's own calls, disturbed on their way out of the program.
 *
 * Purpose    the linker lets every call of the functions below (by weir, by the
 *            test, also in wri_sys_*) come through door.c: each k-th is
 *            interrupted before it is made, and what is sent is cut by chance.
 *            A short receive is not played: the system gives one only when
 *            nothing is left, and weir relies on that.
 * Shape      CMakeLists.txt names the functions to the linker (--wrap).
 */
#ifndef FAULTS_DOOR_H
#define FAULTS_DOOR_H

#include <stdint.h>

/* Calls that are never made in a row: a program that is interrupted for ever
 * makes no progress, and nobody promises it. */
#define DOOR_EVERY_MIN 2

/* Each k-th call of every kind says EINTR; 0: none. */
void door_interrupt(unsigned k);
/* Sends of streams are cut to a part, one in two; 0: not. */
void door_cut(uint64_t seed);
/* How many calls were disturbed. */
unsigned door_count(void);

#endif
