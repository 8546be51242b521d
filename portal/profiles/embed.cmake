# Writes a C++ source that holds a profile's text: cmake -DNAME= -DTEXT= -DSOURCE= -P
file(READ ${TEXT} CONTENTS HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," BYTES "${CONTENTS}")
string(REGEX REPLACE "(................................................................................)" "\\1\n    " BYTES "${BYTES}")
file(WRITE ${SOURCE}
"// Made from profiles/${NAME}.textproto.
extern const unsigned char kProfile_${NAME}[] = {
    ${BYTES}0x00};
extern const unsigned long kProfile_${NAME}_size = sizeof(kProfile_${NAME}) - 1;
")
