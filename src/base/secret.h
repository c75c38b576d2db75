/* Comparing what somebody sent with a secret that he should know. */
#ifndef TITR_BASE_SECRET_H
#define TITR_BASE_SECRET_H

#include <stdbool.h>

/* Takes as long for a right guess as for a wrong one of the same length, so that it cannot be found letter by letter.
 * NULL equals nothing, and an empty secret is none: false. */
bool secret_equal(const char *sent, const char *secret);

/* The token of an "Authorization: Bearer TOKEN" header (its value; the scheme in any case), or NULL. */
const char *secret_bearer(const char *authorization);

#endif
