/* Checksum of a message. */
unsigned crc32(const unsigned char *message, unsigned length) { return length; }
