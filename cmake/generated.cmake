# titr_embed(TARGET SYMBOL FILE): the file's bytes become `const unsigned char SYMBOL[]` and `const size_t SYMBOL_size`
# in TARGET, made again whenever the file changes.
function(titr_embed target symbol file)
  set(made ${CMAKE_BINARY_DIR}/generated/${symbol}.c)
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DFROM=${file} -DTO=${made} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${made})
endfunction()

titr_embed(titr_models models_registry_json ${CMAKE_SOURCE_DIR}/models/registry.json)

# `ninja -C build settings_files`: the pages in the tree that are made from the table of settings (and of commands).
# tests/e2e/config.sh fails when they are stale.
add_custom_target(
  settings_files
  COMMAND $<TARGET_FILE:titr> config example > ${CMAKE_BINARY_DIR}/env.example.new
  COMMAND $<TARGET_FILE:titr> config docs > ${CMAKE_BINARY_DIR}/settings.md.new
  COMMAND $<TARGET_FILE:titr> help --markdown > ${CMAKE_BINARY_DIR}/cli.md.new
  COMMAND ${CMAKE_COMMAND} -E rename ${CMAKE_BINARY_DIR}/env.example.new ${CMAKE_SOURCE_DIR}/.env.example
  COMMAND ${CMAKE_COMMAND} -E rename ${CMAKE_BINARY_DIR}/settings.md.new ${CMAKE_SOURCE_DIR}/docs/settings.md
  COMMAND ${CMAKE_COMMAND} -E rename ${CMAKE_BINARY_DIR}/cli.md.new ${CMAKE_SOURCE_DIR}/docs/cli.md
  DEPENDS titr
  VERBATIM)
