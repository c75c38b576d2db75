/*
 * Combinations of settings: what cannot work together is an error, what is odd a warning. Each setting by itself is
 * checked when it is read (value.h).
 */
#ifndef TITR_CONFIG_CHECK_H
#define TITR_CONFIG_CHECK_H

#include "config/problem.h"

/* Looks at the settings that are loaded, and appends to `p`. All of it concerns the service only. */
void settings_check(struct settings_problems *p);

#endif
