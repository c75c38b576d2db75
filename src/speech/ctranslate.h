/*
 * The reader of CTranslate2's binary models (model.bin, format versions 5 and 6):
 *
 *   u32 version; string specification; u32 revision; u32 count; count x { string name; u8 rank; u32 dims[rank];
 *   u8 type; u32 bytes; data }; u32 aliases; aliases x { string alias; string name }
 *
 * where a string is u16 length (with its NUL) and the bytes, all little-endian. The types are 0 f32, 1 int8, 2 int16,
 * 3 int32, 4 f16, 5 bf16. (CTranslate2, python/ctranslate2/specs/model_spec.py, function _serialize.)
 *
 * Everything is checked against the file's size; a lie is ERR_MODEL. Tensors point into the caller's bytes.
 */
#ifndef TITR_SPEECH_CTRANSLATE_H
#define TITR_SPEECH_CTRANSLATE_H

#include "speech/tensor.h"

int ctranslate_read(const unsigned char *bytes, size_t n, struct tensor_list *ret, struct err *e);

#endif
