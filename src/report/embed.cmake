# SPDX-License-Identifier: BSD-2-Clause
# cmake -DNAME=… -DOUT=… -DIN=… -P embed.cmake - write the bytes of IN as the C array NAME, with a NUL behind
file(READ "${IN}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1, " bytes "${bytes}")
string(REGEX REPLACE "(((0x.., ){16}))" "\\1\n    " bytes "${bytes}")
file(WRITE "${OUT}" "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n    ${bytes}0};\n")
