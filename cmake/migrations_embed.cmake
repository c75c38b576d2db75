# Run by migrations.cmake: writes the C file. Each text is an array of bytes that ends with a NUL.
file(GLOB folders LIST_DIRECTORIES true RELATIVE ${FROM} ${FROM}/*)
list(SORT folders)
set(arrays "")
set(rows "")
foreach(folder ${folders})
  if(NOT folder MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "migrations/${folder}: a folder's name is NNNN_slug")
  endif()
  set(revision ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  foreach(file up.sqlite up.postgres down.sqlite down.postgres)
    if(NOT EXISTS ${FROM}/${folder}/${file}.sql)
      message(FATAL_ERROR "migrations/${folder}/${file}.sql is missing")
    endif()
    file(READ ${FROM}/${folder}/${file}.sql bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(REPLACE "." "_" symbol "r${revision}_${file}")
    string(APPEND arrays "static const unsigned char ${symbol}[] = {\n${bytes}0};\n")
  endforeach()
  string(APPEND rows "  {\"${revision}\", \"${name}\", {(const char *)r${revision}_up_sqlite, (const char *)r${revision}_up_postgres},\n"
                     "   {(const char *)r${revision}_down_sqlite, (const char *)r${revision}_down_postgres}},\n")
endforeach()
file(WRITE ${TO}
"/* Made from migrations. */
#include \"store/migrate.h\"
${arrays}
static const struct migration rows[] = {
${rows}};
const struct migrations migrations_embedded = {rows, sizeof rows / sizeof *rows};
")
