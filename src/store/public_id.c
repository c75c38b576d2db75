#include "store/public_id.h"

#include <stddef.h>
#include <sys/random.h>

/* 128 bits in digits of 5: the last two bits fill up with zeroes. */
int public_id_make(char ret[PUBLIC_ID + 1], struct err *e) {
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  unsigned char bytes[16 + 1] = {0};
  if (getrandom(bytes, 16, 0) != 16) return err_set(e, ERR_IO, "the system gives no random numbers");
  for (size_t i = 0; i < PUBLIC_ID; i++) {
    size_t bit = i * 5;
    unsigned two = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
    ret[i] = digits[two >> (11 - bit % 8) & 31];
  }
  ret[PUBLIC_ID] = '\0';
  return 0;
}
