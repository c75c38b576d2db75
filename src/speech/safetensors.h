/*
 * The reader of safetensors files: u64 header length, a JSON object {name: {"dtype", "shape", "data_offsets": [from,
 * to]}, "__metadata__": …}, then the data (github.com/huggingface/safetensors, README, "Format").
 *
 * Offsets, shapes and types are checked against the file's size; a lie is ERR_MODEL. Tensors point into the caller's
 * bytes, keep the file's own names, and are sorted.
 */
#ifndef TITR_SPEECH_SAFETENSORS_H
#define TITR_SPEECH_SAFETENSORS_H

#include "speech/tensor.h"

int safetensors_read(const unsigned char *bytes, size_t n, struct tensor_list *ret, struct err *e);

#endif
