/*
 * capture - what the code under test writes to stderr.
 *
 * Ownership  one capture at a time, of the whole process.
 */
#ifndef SUPPORT_CAPTURE_H
#define SUPPORT_CAPTURE_H

/* From now on stderr goes to a file. */
void capture_begin(void);
/* Back again.  What came meanwhile, static, valid until the next capture. */
const char *capture_end(void);

#endif
