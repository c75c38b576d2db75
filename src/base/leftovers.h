/*
 * What this process would leave behind if it ended now: its temporary files and folders, kept by name, so that a signal
 * handler can take them away before it ends the process. base/file.h enters what it makes and strikes out what has got
 * its name or is gone; others need none of this, but for a group of files that belong together:
 *
 *   leftovers_hold();       // from here on leftovers_remove() waits
 *   …all of them get their names…
 *   leftovers_let_go();
 *
 * Holds nest. While a thread holds, signals that end the program (SIGINT, SIGTERM, SIGHUP) wait for it. Once
 * leftovers_remove() has begun, whoever wants to hold waits for the end of the process. Any thread.
 */
#ifndef TITR_BASE_LEFTOVERS_H
#define TITR_BASE_LEFTOVERS_H

void leftovers_hold(void);
void leftovers_let_go(void);

/* To be called in a hold that began before the file was made. Beyond LEFTOVERS_MOST names at a time, or PATH_MAX bytes
 * in one, a file is not known here: it is made all the same, and only a signal leaves it behind. */
#define LEFTOVERS_MOST 64
void leftovers_add(const char *path);
void leftovers_forget(const char *path); /* one that is not known: nothing */

/* Async-signal-safe; for a handler of those three signals that blocks them (sa_mask) and calls _exit() afterwards. Waits
 * for holds, some seconds at most. Folders go with the files in them, folders inside excepted: nobody makes those. */
void leftovers_remove(void);

#endif
