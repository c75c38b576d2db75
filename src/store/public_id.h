/*
 * Ids that leave the program, of tasks and payments: 26 characters of Crockford's base32 (a-z without i l o u, 0-9) from 128
 * random bits, so that nobody guesses another's. Rows that came from AutoSub have 32 hexadecimal digits.
 */
#ifndef TITR_STORE_PUBLIC_ID_H
#define TITR_STORE_PUBLIC_ID_H

#include "base/err.h"

enum { PUBLIC_ID = 26, PUBLIC_ID_SIZE = 37 /* room for either kind, and for a UUID with its dashes */ };

int public_id_make(char ret[PUBLIC_ID + 1], struct err *e);

#endif
