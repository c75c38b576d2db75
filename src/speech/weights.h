/*
 * Model weights by name, whatever the file: a CTranslate2 `model.bin` (mmap) or the original checkpoint's
 * `model.safetensors` (Hugging Face names), seen through CTranslate2's names and shapes:
 *
 *   encoder/conv1/weight [d, mels, 3]   encoder/conv2/weight [d, d, 3]   encoder/position_encodings/encodings [1500, d]
 *   encoder/layer_N/self_attention/{layer_norm/{gamma,beta}, linear_0/{weight,bias} = q,k,v fused [3d, d], linear_1/… [d, d]}
 *   encoder/layer_N/ffn/{layer_norm, linear_0 [4d, d], linear_1 [d, 4d]}     encoder/layer_norm
 *   decoder/embeddings/weight [vocab, d]   decoder/position_encodings/encodings [448, d]   decoder/layer_norm
 *   decoder/layer_N/self_attention/…   decoder/layer_N/attention/{linear_0 = q [d, d], linear_1 = k,v fused [2d, d], linear_2 = out}
 *   decoder/layer_N/ffn/…   decoder/projection/weight (alias of the embeddings)
 *
 * Values are given as f32, converted from f32, f16, bf16, or int8 and int16 with scales ("…/weight_scale"), assembled
 * where the checkpoint keeps q, k and v apart (a missing k bias is zeros). Everything in the file is untrusted: offsets,
 * counts and names are checked before use. ERR_MODEL.
 * Threads: after opening, reads are thread-safe.
 */
#ifndef TITR_SPEECH_WEIGHTS_H
#define TITR_SPEECH_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"

struct weights;

int weights_open(const char *dir, struct weights **ret,
                 struct err *e); /* finds model.bin or model.safetensors in dir */
void weights_free(struct weights *w);
DEFINE_FREEP(struct weights, weights_free)

/* The tensor's shape: rank through *ret_rank, 0 for a scalar. ERR_MODEL when there is none of that name. */
int weights_shape(const struct weights *w, const char *name, int64_t dims[LIMIT_TENSOR_RANK], int *ret_rank,
                  struct err *e);
bool weights_has(const struct weights *w, const char *name);

/* Copies `count` values from the `first` on (row-major; first + count within the tensor) as f32: a whole tensor, or
 * a few rows of a large one (embeddings are looked up this way while decoding, so a lookup must be quick: no file
 * is read, no name is searched linearly). */
int weights_copy(const struct weights *w, const char *name, size_t first, size_t count, float *out, struct err *e);

/* A whole number stored as a scalar ("decoder/num_heads"), or `otherwise` when absent, as it is in safetensors. */
int64_t weights_scalar(const struct weights *w, const char *name, int64_t otherwise);

/* Most of the file has been read and will not be again: its pages need not stay in memory. What is read later comes back
 * from the file. */
void weights_let_go(const struct weights *w);

const char *weights_path(const struct weights *w); /* of the file */
#endif
