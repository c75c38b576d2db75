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
