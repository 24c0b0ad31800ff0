# SPDX-License-Identifier: Apache-2.0
# FHS: bin/osb, libexec/osb (osb_static_program installs there), share/osb, share/doc/osb, share/man. osb finds libexec
# relative to its own place, so that an installation can be moved and staged.

install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/osb)
install(FILES LICENSE README.md ARCHITECTURE.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/osb.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
