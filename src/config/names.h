/* Names in a .env that are not settings. */
#ifndef TITR_CONFIG_NAMES_H
#define TITR_CONFIG_NAMES_H

#include "config/dotenv.h"
#include "config/problem.h"

/* Appends a warning for each name in the file that is not a setting: with the setting that is likely meant (then it
 * concerns every command), else for the service only, since the file may be another program's as well. Also for a
 * setting that is there twice. */
void names_check(const struct dotenv *d, const char *file, struct settings_problems *p);

#endif
