/* Subcommands, nothing else. */
#include <stdio.h>

int main(void) {
  printf("titr %s\n", TITR_VERSION);
  return 0;
}
