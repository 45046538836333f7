/*
 * plain - put before each body under ThreadSanitizer: see tsan.c.
 *
 * Purpose    statics of the bodies lie in sections of their own; two fibers may
 *            use them without order, because nobody runs between two steps.
 */
#pragma clang section bss = "x_plain_bss" data = "x_plain_data"
