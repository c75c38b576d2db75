/*
 * DESIGN. The only place that knows a setting. A row a line: name, group, use, default, range, help; the kinds of rows
 * are the macros. A default is written as a person would write it and goes through the same checks.
 */
#include "base/limits.h"
#include "config/settings.h"

#define LONGEST 4096 /* bytes of a text setting */

#define ROW(name_, type_, group_, use_, default_, lowest_, highest_, help_, ...)                                       \
  [SET_##name_] = {.name = #name_,                                                                                     \
                   .type = SETTING_##type_,                                                                            \
                   .group = SETTINGS_##group_,                                                                         \
                   .use = SETTING_##use_,                                                                              \
                   .otherwise = (default_),                                                                            \
                   .lowest = (lowest_),                                                                                \
                   .highest = (highest_),                                                                              \
                   .help = (help_),                                                                                    \
                   __VA_ARGS__}
#define INT(name, group, use, otherwise, lowest, highest, help)                                                        \
  ROW(name, INT, group, use, otherwise, lowest, highest, help, .secret = false)
#define TEXT(name, group, use, otherwise, help)                                                                        \
  ROW(name, STRING, group, use, otherwise, 1, LONGEST, help, .secret = false)
#define SECRET(name, group, use, help) ROW(name, STRING, group, use, NULL, 1, LONGEST, help, .secret = true)
#define FORM(name, group, use, otherwise, form_, help)                                                                 \
  ROW(name, STRING, group, use, otherwise, 0, 0, help, .form = &form_)
#define SECRET_FORM(name, group, use, form_, help)                                                                     \
  ROW(name, STRING, group, use, NULL, 0, 0, help, .form = &form_, .secret = true)
#define ENUM(name, group, use, otherwise, choices_, help)                                                              \
  ROW(name, ENUM, group, use, otherwise, 0, 0, help, .choices = (choices_))
#define URL(name, group, use, otherwise, help)  ROW(name, URL, group, use, otherwise, 0, 0, help, .secret = false)
#define PATH(name, group, use, help)            ROW(name, PATH, group, use, NULL, 0, 0, help, .secret = false)
#define BOOL(name, group, use, otherwise, help) ROW(name, BOOL, group, use, otherwise, 0, 0, help, .secret = false)
#define MONEY(name, otherwise, help)            ROW(name, MONEY, PRICES, SERVICE, otherwise, 100, 100000000, help, .secret = false)

enum { HOURS = 24 * 365 * 10, SECONDS = LIMIT_INPUT_SECONDS };

static const struct setting table[SETTINGS_COUNT] = {
    /* The default of STORAGE_PATH depends on the user: settings.c. */
    PATH(STORAGE_PATH, GENERAL, ALWAYS,
         "folder for models, the embedded database and working files ($XDG_DATA_HOME/titr, or ~/.local/share/titr)"),
    ENUM(LOG_LEVEL, GENERAL, ALWAYS, "warning", "debug|info|warning|error|critical",
         "what is logged on standard error; when it is not set, the service's commands log from info on"),
    ENUM(LOG_FORMAT, GENERAL, ALWAYS, "plain", "plain|json", "log lines for people, or one JSON object a line"),
    INT(TITR_THREADS, GENERAL, ALWAYS, "0", 0, 1024,
        "threads for recognition and rendering; 0: as many as there are processors"),

    SECRET_FORM(BOT_TOKEN, BOT, SERVICE, form_bot_token, "the bot's token, from @BotFather"),
    ROW(ADMIN_IDS, INTS, BOT, SERVICE, NULL, 1, 1LL << 52, "Telegram ids of the operators, with commas between them",
        .secret = false),
    URL(BOT_API_URL, BOT, SERVICE, "https://api.telegram.org",
        "the Bot API server; one of your own lifts the limits of 20 MB down and 50 MB up"),

    URL(PUBLIC_BASE_URL, WEB, SERVICE, NULL, "address under which the webhook can be reached from outside"),
    SECRET(WEBHOOK_SECRET, WEB, SERVICE, "what Telegram must send along with each update to the webhook"),
    FORM(WEBHOOK_LISTEN, WEB, SERVICE, "127.0.0.1:8080", form_listen,
         "where the web server (webhook, /health, /metrics) listens"),
    SECRET(METRICS_TOKEN, WEB, SERVICE,
           "bearer token that /metrics asks for; not set: anyone who reaches it may read it"),

    SECRET_FORM(DATABASE_URL, DATABASE, SERVICE, form_database,
                "the database; not set: PostgreSQL when DB_HOST is set, else SQLite in STORAGE_PATH/titr.db"),
    FORM(DB_HOST, DATABASE, SERVICE, NULL, form_host, "PostgreSQL's host (or folder of its socket); DATABASE_URL wins"),
    INT(DB_PORT, DATABASE, SERVICE, "5432", 1, 65535, "PostgreSQL's port, with DB_HOST"),
    TEXT(DB_NAME, DATABASE, SERVICE, "autosub", "the database's name, with DB_HOST"),
    TEXT(DB_USER, DATABASE, SERVICE, "autosub", "the database's user, with DB_HOST"),
    SECRET(DB_PASSWORD, DATABASE, SERVICE,
           "the user's password, with DB_HOST; any characters, nothing is to be encoded"),

    FORM(REDIS_HOST, QUEUE, SERVICE, NULL, form_host,
         "Redis for the queue; not set: the queue is embedded in the database, for one machine"),
    INT(REDIS_PORT, QUEUE, SERVICE, "6379", 1, 65535, "Redis's port, with REDIS_HOST"),
    INT(REDIS_DB, QUEUE, SERVICE, "0", 0, 65535, "number of the Redis database, with REDIS_HOST"),
    SECRET(REDIS_PASSWORD, QUEUE, SERVICE, "Redis's password, with REDIS_HOST"),
    INT(LEASE_SECONDS, QUEUE, SERVICE, "15", 5, 600,
        "seconds after which the job of a worker that fell silent is given to another"),
    INT(TASK_ATTEMPTS, QUEUE, SERVICE, "3", 1, 100, "times a job is tried before it is parked"),

    INT(MAX_WORKERS, WORKER, SERVICE, "1", 1, 64, "jobs that one worker process does at the same time"),
    INT(WORKER_MEMORY_MB, WORKER, SERVICE, "0", 0, 1 << 24,
        "MB that a worker's jobs may take together; 0: three quarters of the machine's (or container's) memory"),
    INT(JOB_TIMEOUT_MINUTES, WORKER, SERVICE, "60", 1, 1440, "minutes after which one attempt of a job is ended"),

    INT(MAX_FILE_SIZE_MB, FILES, SERVICE, "500", 1, LIMIT_INPUT_BYTES >> 20, "largest file that is taken, in MB"),
    INT(CLEANUP_HOURS, FILES, SERVICE, "24", 1, HOURS, "hours after which files that belong to no job are removed"),
    INT(FREE_TTL_HOURS, FILES, SERVICE, "24", 1, HOURS, "hours for which files of FREE users are kept"),
    INT(PRO_TTL_HOURS, FILES, SERVICE, "168", 1, HOURS, "hours for which files of PRO users are kept"),
    INT(CREATOR_TTL_HOURS, FILES, SERVICE, "168", 1, HOURS, "hours for which files of CREATOR users are kept"),

    FORM(PLAN_TIME_ZONE, PLANS, SERVICE, "Europe/Moscow", form_zone,
         "time zone in which a day of the daily limits begins"),
    INT(DAILY_LIMIT_FREE, PLANS, SERVICE, "3", 0, 1000000, "jobs a day for FREE users"),
    INT(DAILY_LIMIT_PRO, PLANS, SERVICE, "50", 0, 1000000, "jobs a day for PRO users"),
    INT(DAILY_LIMIT_CREATOR, PLANS, SERVICE, "200", 0, 1000000, "jobs a day for CREATOR users"),
    INT(MAX_VIDEO_DURATION_FREE, PLANS, SERVICE, "60", 1, SECONDS, "longest video or voice of a FREE user, in seconds"),
    INT(MAX_VIDEO_DURATION_PRO, PLANS, SERVICE, "600", 1, SECONDS, "longest video or voice of a PRO user, in seconds"),
    INT(MAX_VIDEO_DURATION_CREATOR, PLANS, SERVICE, "1800", 1, SECONDS,
        "longest video or voice of a CREATOR user, in seconds"),
    BOOL(DISABLE_LIMITS, PLANS, SERVICE, "false", "for tests: no daily limits and no longest durations"),

    ENUM(PRICE_CURRENCY, PRICES, SERVICE, "RUB", "RUB|BYN|KZT|AMD|GEL|UAH|UZS|USD|EUR",
         "currency of the prices (ISO 4217)"),
    MONEY(PRICE_PRO_MONTH, "299", "PRO for a month"),
    MONEY(PRICE_PRO_YEAR, "2990", "PRO for a year"),
    MONEY(PRICE_CREATOR_MONTH, "599", "CREATOR for a month"),
    MONEY(PRICE_CREATOR_YEAR, "5990", "CREATOR for a year"),
    MONEY(PRICE_ONCE_3MIN, "29", "one video of up to 3 minutes"),
    MONEY(PRICE_ONCE_10MIN, "49", "one video of up to 10 minutes"),
    MONEY(PRICE_ONCE_30MIN, "59", "one video of up to 30 minutes"),

    TEXT(PLATEGA_API_ID, PAYMENTS, LATER, NULL, "Platega: merchant id (X-MerchantId)"),
    SECRET(PLATEGA_API_KEY, PAYMENTS, LATER, "Platega: key (X-Secret)"),
    TEXT(PLATEGA_PROJECT_ID, PAYMENTS, KEPT, NULL, "Platega: the project's id; its present interface has none"),
    TEXT(PLATEGA_PROJECT_NAME, PAYMENTS, KEPT, NULL, "Platega: the project's name; its present interface has none"),
    URL(PLATEGA_WEBHOOK_URL, PAYMENTS, LATER, NULL, "Platega: address that is told of payments"),
    URL(PLATEGA_SUCCESS_URL, PAYMENTS, LATER, NULL, "Platega: page after a payment"),
    URL(PLATEGA_FAIL_URL, PAYMENTS, LATER, NULL, "Platega: page after a payment that failed"),
    SECRET(PLATEGA_WEBHOOK_SECRET, PAYMENTS, LATER, "Platega: key of the signature X-Platega-Signature (HMAC-SHA256)"),

    TEXT(WHISPER_MODEL, SPEECH, ALWAYS, "base",
         "speech model: a name from `titr models list`, or the path of a folder"),
    ENUM(WHISPER_DEVICE, SPEECH, KEPT, "auto", "auto|cpu|cuda", "titr always recognizes on the processor"),
    PATH(WHISPER_CACHE_DIR, SPEECH, ALWAYS,
         "another folder to look for models in, also one that faster-whisper filled"),
    ROW(TITR_MODEL_MIRROR, PLACE, SPEECH, ALWAYS, NULL, 0, 0,
        "where models are fetched from first: an address or a folder with NAME/FILE in it", .secret = false),
    PATH(TITR_MODEL_REGISTRY, SPEECH, ALWAYS,
         "a file like models/registry.json to use instead of it, for models of your own"),
    URL(HF_ENDPOINT, SPEECH, ALWAYS, "https://huggingface.co",
        "the Hugging Face hub, or a server that answers like it"),
    SECRET(HUGGINGFACE_TOKEN, SPEECH, ALWAYS, "access token for the hub; sent to HF_ENDPOINT only, over https only"),

    PATH(TTS_CACHE_DIR, LANGUAGES, LATER, "folder for voices"),
    ENUM(TRANSLATION_DEVICE, LANGUAGES, KEPT, "auto", "auto|cpu|cuda", "titr always works on the processor"),
    PATH(TRANSLATION_CACHE_DIR, LANGUAGES, LATER, "folder for translation models"),

    INT(DOWNLOAD_TIMEOUT, DOWNLOADS, LATER, "60", 1, 86400, "seconds that fetching a link may take"),
    INT(DOWNLOAD_RETRIES, DOWNLOADS, LATER, "3", 0, 20, "times that fetching a link is tried again"),
    SECRET_FORM(INSTAGRAM_PROXY, DOWNLOADS, LATER, form_proxy, "proxy for Instagram links"),
    PATH(INSTAGRAM_COOKIES_FILE, DOWNLOADS, LATER, "cookies for Instagram links, a file in Netscape's format"),
    INT(INSTAGRAM_TIMEOUT, DOWNLOADS, LATER, "60", 1, 86400, "seconds that fetching an Instagram link may take"),
    INT(INSTAGRAM_RETRIES, DOWNLOADS, LATER, "5", 0, 20, "times that fetching an Instagram link is tried again"),
    PATH(FFMPEG_PATH, DOWNLOADS, KEPT, "titr needs no ffmpeg program, its libraries do the work"),
};

const struct setting *settings_declaration(enum setting_id id) {
  return &table[id];
}

const char *settings_group_title(enum setting_group group) {
  static const char *const titles[SETTINGS_GROUPS] = {
      [SETTINGS_GENERAL] = "General",
      [SETTINGS_BOT] = "Telegram bot",
      [SETTINGS_WEB] = "Web server",
      [SETTINGS_DATABASE] = "Database",
      [SETTINGS_QUEUE] = "Queue",
      [SETTINGS_WORKER] = "Worker",
      [SETTINGS_FILES] = "Files and cleaning",
      [SETTINGS_PLANS] = "Plans",
      [SETTINGS_PRICES] = "Prices",
      [SETTINGS_PAYMENTS] = "Payments",
      [SETTINGS_SPEECH] = "Speech",
      [SETTINGS_LANGUAGES] = "Translation and voices",
      [SETTINGS_DOWNLOADS] = "Links",
  };
  return titles[group];
}

const char *settings_use_note(enum setting_use use) {
  return use == SETTING_LATER ? "checked, but not used yet" : use == SETTING_KEPT ? "accepted, but not used" : NULL;
}
