# cmake --install: the program, and what it prints about itself: its manual page and completion for three shells.
include(GNUInstallDirs)
install(TARGETS titr RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

set(TITR_PAGES ${CMAKE_BINARY_DIR}/pages)
function(titr_page file) # FILE ARGUMENTS... : what `titr ARGUMENTS` prints
  add_custom_command(
    OUTPUT ${TITR_PAGES}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${TITR_PAGES}
    # a .env of the folder where one happens to build has no say
    COMMAND ${CMAKE_COMMAND} -E chdir ${TITR_PAGES} $<TARGET_FILE:titr> ${ARGN} > ${TITR_PAGES}/${file}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${TITR_PAGES}/${file}.new ${TITR_PAGES}/${file}
    DEPENDS titr
    VERBATIM)
  set(TITR_PAGE_FILES ${TITR_PAGE_FILES} ${TITR_PAGES}/${file} PARENT_SCOPE)
endfunction()

titr_page(titr.1 help --man)
titr_page(titr.bash completion bash)
titr_page(_titr completion zsh)
titr_page(titr.fish completion fish)
add_custom_target(titr_pages ALL DEPENDS ${TITR_PAGE_FILES})

install(FILES ${TITR_PAGES}/titr.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${TITR_PAGES}/titr.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME titr)
install(FILES ${TITR_PAGES}/_titr DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${TITR_PAGES}/titr.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
