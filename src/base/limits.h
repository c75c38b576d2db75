/*
 * Every ceiling on something that comes from outside, in one table. Beyond a ceiling the input is refused
 * (ERR_INPUT) with a message that names the ceiling; nothing is silently cut.
 */
#ifndef TITR_BASE_LIMITS_H
#define TITR_BASE_LIMITS_H

#define LIMIT_INPUT_BYTES          (16LL << 30)    /* a media file                                        */
#define LIMIT_INPUT_SECONDS        (12 * 3600)     /* its duration                                        */
#define LIMIT_INPUT_PIXELS         (8192LL * 8192) /* a video frame or a watermark picture                */
#define LIMIT_INPUT_STREAMS        64              /* streams in a file                                   */
#define LIMIT_SUBTITLE_BYTES       (32 << 20)      /* a subtitle file                                     */
#define LIMIT_SUBTITLE_CUES        100000          /* cues in it                                          */
#define LIMIT_SCRIPT_BYTES         (128 << 20)     /* an ASS script to burn: ours repeat a text many times */
#define LIMIT_CUE_BYTES            16384           /* the text of one cue                                 */
#define LIMIT_WORD_BYTES           1024            /* one word of a transcript                            */
#define LIMIT_JSON_BYTES           (64 << 20)      /* any JSON text                                       */
#define LIMIT_JSON_DEPTH           64
#define LIMIT_MODEL_BYTES          (16LL << 30) /* model.bin or *.safetensors                          */
#define LIMIT_MODEL_TENSORS        16384        /* tensors in it                                       */
#define LIMIT_TENSOR_RANK          8
#define LIMIT_VOCABULARY           262144          /* tokens                                              */
#define LIMIT_ENV_BYTES            (1 << 20)       /* a .env file                                         */
#define LIMIT_ENV_NAMES            4096            /* names set in it                                     */
#define LIMIT_PROMPT_BYTES         4096            /* --prompt                                            */
#define LIMIT_WATERMARK_TEXT_BYTES 256             /* --watermark TEXT                                    */
#define LIMIT_MODEL_LIST_BYTES     (4 << 20)       /* a registry of models, a hub's list of files       */
#define LIMIT_MODEL_RECORD_BYTES   (1 << 20)       /* a titr-model.json                                   */
#define LIMIT_PROGRAM_OUTPUT       (1 << 20)       /* kept of what another program writes                 */
#define LIMIT_HTTP_BODY            (64 << 20)      /* an answer held in memory                            */
#define LIMIT_PRESETS              20              /* presets of a user                                   */
#define LIMIT_PRESET_CHARACTERS    64              /* a preset's name                                     */
#define LIMIT_PRESET_BYTES         4096            /* its options, as JSON                                */
#define LIMIT_PAYMENT_MINOR        1000000000000LL /* one payment: ten thousand million whole units  */
#define LIMIT_SQL_ROWS             10000           /* rows of one query, held in memory                   */
#define LIMIT_SQL_BYTES            (64 << 20)      /* their text                                          */

#endif
