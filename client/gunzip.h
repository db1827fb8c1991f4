#pragma once

#include <memory>
#include <string>

#include "client/byte_source.h"

namespace peaksync::client {

// Unpacks gzip while it is read, also several files one after the other as `cat a.gz b.gz` makes
// them. Bytes that do not begin as gzip does pass as they are. `name` is for messages.
//
// Errors of Read: INVALID_ARGUMENT when what is packed is damaged or cut off, else those of
// `inner`. size() is unknown for what is packed.
//
// Memory: two chunks. Thread safety: none; one thread reads.
std::unique_ptr<ByteSource> Gunzip(std::unique_ptr<ByteSource> inner, std::string name);

}  // namespace peaksync::client
