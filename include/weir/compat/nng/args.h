/*
 * args.h - options of a command line; needs no library and no nng_init.
 *
 *   --name  --name ARG  --name=ARG  --name:ARG  -n  -n ARG  -nARG
 *
 * Shape      A name may be cut as long as it is that of one option only; a
 *            whole name wins over longer ones.  Short options do not cluster.
 * Ownership  results point into argv and specs.
 */
#ifndef NNG_ARGS_H
#define NNG_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One option; an array of them ends with an a_val of 0. */
struct nng_arg_spec {
	const char *a_name; /**< without dashes; NULL: none */
	int a_short;        /**< a character; 0: none */
	int a_val;          /**< not 0: what *val becomes */
	bool a_arg;         /**< takes an argument */
};

typedef struct nng_arg_spec nng_arg_spec;

#define NNG_ARG_END (-1)     /**< no option is left */
#define NNG_ARG_INVAL (-2)   /**< unknown, or an argument it does not take */
#define NNG_ARG_AMBIG (-3)   /**< the beginning of more than one name */
#define NNG_ARG_MISSING (-4) /**< its argument is missing */

/* The option of this name of len bytes, cut or whole; *err says why not. */
static inline const nng_arg_spec *
nng_args_long(const nng_arg_spec *specs, const char *name, size_t len, int *err)
{
	const nng_arg_spec *found = NULL;

	*err = NNG_ARG_INVAL;
	for (; specs->a_val != 0; specs++) {
		if (specs->a_name == NULL || len == 0 ||
		    strncmp(specs->a_name, name, len) != 0) {
			continue;
		}
		if (specs->a_name[len] == '\0') {
			*err = 0;
			return specs;
		}
		*err = found == NULL ? 0 : NNG_ARG_AMBIG;
		found = specs;
	}
	return *err == 0 ? found : NULL;
}

/* The option of this character, or NULL. */
static inline const nng_arg_spec *
nng_args_short(const nng_arg_spec *specs, char name)
{
	for (; specs->a_val != 0; specs++) {
		if (specs->a_short != 0 && specs->a_short == (int)name) {
			return specs;
		}
	}
	return NULL;
}

/**
 * Parse the option at *idx, and its argument.
 *
 * @param specs  ended by an a_val of 0.
 * @param val    gets the option's a_val.
 * @param arg    gets its argument; untouched if it takes none.
 * @param idx    begin with 1; moves on behind the option.
 *
 * Result      0             *val, perhaps *arg, and *idx are set
 *             NNG_ARG_END   *idx is at the first word that is no option, at a
 *                           lone "-", behind a "--", or at argc
 *             NNG_ARG_INVAL, NNG_ARG_AMBIG, NNG_ARG_MISSING: nothing is set,
 *                           *idx is at the option
 */
/* NOLINTBEGIN(readability-function-size): six parameters, as documented */
static inline int
nng_args_parse(int argc, char *const *argv, const nng_arg_spec *specs, int *val,
    char **arg, int *idx)
{
	const nng_arg_spec *spec;
	char *word = *idx < argc ? argv[*idx] : NULL;
	char *rest; /* what follows the name in the same word */
	int next = *idx + 1;
	int err = NNG_ARG_INVAL;

	if (word == NULL || word[0] != '-' || word[1] == '\0') {
		return NNG_ARG_END;
	}
	if (word[1] != '-') {
		spec = nng_args_short(specs, word[1]);
		rest = word + 2;
	} else if (word[2] == '\0') {
		*idx = next;
		return NNG_ARG_END;
	} else {
		size_t len = strcspn(word + 2, "=:");

		spec = nng_args_long(specs, word + 2, len, &err);
		rest = word + 2 + len;
	}
	if (spec == NULL) {
		return err;
	}
	if (!spec->a_arg) {
		if (*rest != '\0') {
			return NNG_ARG_INVAL;
		}
	} else if (*rest != '\0') {
		*arg = word[1] == '-' ? rest + 1 : rest;
	} else if (next < argc) {
		*arg = argv[next++];
	} else {
		return NNG_ARG_MISSING;
	}
	*val = spec->a_val;
	*idx = next;
	return 0;
}
/* NOLINTEND(readability-function-size) */

#ifdef __cplusplus
}
#endif

#endif
