#include "speech/languages.h"

#include <string.h>

#include "base/mem.h"
#include "speech/speech.h"

static const struct language languages[] = {
    {"en", "English"},        {"zh", "Chinese"},     {"de", "German"},        {"es", "Spanish"},
    {"ru", "Russian"},        {"ko", "Korean"},      {"fr", "French"},        {"ja", "Japanese"},
    {"pt", "Portuguese"},     {"tr", "Turkish"},     {"pl", "Polish"},        {"ca", "Catalan"},
    {"nl", "Dutch"},          {"ar", "Arabic"},      {"sv", "Swedish"},       {"it", "Italian"},
    {"id", "Indonesian"},     {"hi", "Hindi"},       {"fi", "Finnish"},       {"vi", "Vietnamese"},
    {"he", "Hebrew"},         {"uk", "Ukrainian"},   {"el", "Greek"},         {"ms", "Malay"},
    {"cs", "Czech"},          {"ro", "Romanian"},    {"da", "Danish"},        {"hu", "Hungarian"},
    {"ta", "Tamil"},          {"no", "Norwegian"},   {"th", "Thai"},          {"ur", "Urdu"},
    {"hr", "Croatian"},       {"bg", "Bulgarian"},   {"lt", "Lithuanian"},    {"la", "Latin"},
    {"mi", "Maori"},          {"ml", "Malayalam"},   {"cy", "Welsh"},         {"sk", "Slovak"},
    {"te", "Telugu"},         {"fa", "Persian"},     {"lv", "Latvian"},       {"bn", "Bengali"},
    {"sr", "Serbian"},        {"az", "Azerbaijani"}, {"sl", "Slovenian"},     {"kn", "Kannada"},
    {"et", "Estonian"},       {"mk", "Macedonian"},  {"br", "Breton"},        {"eu", "Basque"},
    {"is", "Icelandic"},      {"hy", "Armenian"},    {"ne", "Nepali"},        {"mn", "Mongolian"},
    {"bs", "Bosnian"},        {"kk", "Kazakh"},      {"sq", "Albanian"},      {"sw", "Swahili"},
    {"gl", "Galician"},       {"mr", "Marathi"},     {"pa", "Punjabi"},       {"si", "Sinhala"},
    {"km", "Khmer"},          {"sn", "Shona"},       {"yo", "Yoruba"},        {"so", "Somali"},
    {"af", "Afrikaans"},      {"oc", "Occitan"},     {"ka", "Georgian"},      {"be", "Belarusian"},
    {"tg", "Tajik"},          {"sd", "Sindhi"},      {"gu", "Gujarati"},      {"am", "Amharic"},
    {"yi", "Yiddish"},        {"lo", "Lao"},         {"uz", "Uzbek"},         {"fo", "Faroese"},
    {"ht", "Haitian Creole"}, {"ps", "Pashto"},      {"tk", "Turkmen"},       {"nn", "Norwegian Nynorsk"},
    {"mt", "Maltese"},        {"sa", "Sanskrit"},    {"lb", "Luxembourgish"}, {"my", "Burmese"},
    {"bo", "Tibetan"},        {"tl", "Tagalog"},     {"mg", "Malagasy"},      {"as", "Assamese"},
    {"tt", "Tatar"},          {"haw", "Hawaiian"},   {"ln", "Lingala"},       {"ha", "Hausa"},
    {"ba", "Bashkir"},        {"jw", "Javanese"},    {"su", "Sundanese"},     {"yue", "Cantonese"},
};

size_t language_count(void) {
  return ARRAY_LEN(languages);
}

const struct language *language_at(size_t i) {
  return i < ARRAY_LEN(languages) ? &languages[i] : NULL;
}

int language_index(const char *code) {
  for (size_t i = 0; i < ARRAY_LEN(languages); i++)
    if (strcmp(languages[i].code, code) == 0) return (int)i;
  return -1;
}

bool language_without_spaces(const char *code) {
  static const char *const codes[] = {"zh", "ja", "th", "lo", "my", "yue"};
  for (size_t i = 0; i < ARRAY_LEN(codes); i++)
    if (strcmp(codes[i], code) == 0) return true;
  return false;
}

bool speech_language_known(const char *code, const char **ret_name) {
  int i = language_index(code);
  if (i >= 0 && ret_name) *ret_name = languages[i].name;
  return i >= 0;
}
