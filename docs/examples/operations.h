/*
 * operations - how many operations weir has not ended yet.
 *
 * Purpose    the last question of a program that wants to leave nothing.
 */
#ifndef EXAMPLES_OPERATIONS_H
#define EXAMPLES_OPERATIONS_H

#include <weir/weir.h>

/*
 * Operations submitted and not ended; 0 when all are, -1 if weir cannot say.
 * Call it when everything of the program's own has been freed.  weir has a few
 * handles for itself, a listener for instance one, and these end a moment
 * after the object is freed: the call waits for that, at most so long.
 */
long long operations_left(weir_duration patience);

#endif
