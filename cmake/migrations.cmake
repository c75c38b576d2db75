# migrations/NNNN_slug/{up,down}.{sqlite,postgres}.sql become a table in titr_store (src/store/migrate.h), made
# again whenever one changes.
file(GLOB migration_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/migrations/*/*.sql)
set(migrations_made ${CMAKE_BINARY_DIR}/generated/migrations.c)
add_custom_command(
  OUTPUT ${migrations_made}
  COMMAND ${CMAKE_COMMAND} -DFROM=${CMAKE_SOURCE_DIR}/migrations -DTO=${migrations_made}
          -P ${CMAKE_SOURCE_DIR}/cmake/migrations_embed.cmake
  DEPENDS ${migration_files} ${CMAKE_SOURCE_DIR}/cmake/migrations_embed.cmake
  VERBATIM)
target_sources(titr_store PRIVATE ${migrations_made})
