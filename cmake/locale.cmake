# The bot's catalogues of texts (src/bot/text.h).
titr_embed(titr_bot locale_ru_json ${CMAKE_SOURCE_DIR}/locale/ru.json)
titr_embed(titr_bot locale_en_json ${CMAKE_SOURCE_DIR}/locale/en.json)
