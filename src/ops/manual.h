/* The manual, made from the tables of cli.c and of the settings: as a man page and as Markdown. */
#ifndef TITR_OPS_MANUAL_H
#define TITR_OPS_MANUAL_H

int manual_man(void);      /* roff of titr(1) to standard output; returns 0 */
int manual_markdown(void); /* docs/cli.md; returns 0 */

#endif
