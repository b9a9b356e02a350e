#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace repbench {

/// Keys are kept sorted, so two equal documents print the same.
using Json = nlohmann::json;

enum class Comments { allowed, refused };

/// Comments are `//` and `/* */`. Duplicate keys, more than 256 levels, and numbers beyond a double are
/// refused. Throws std::invalid_argument "[source] expected JSON; got ..." with line and column, or with the
/// key.
Json parse_json(std::string_view text, std::string_view source, Comments comments = Comments::allowed);

/// Throws std::runtime_error if the file cannot be read, std::invalid_argument if it is not JSON.
Json read_json(const std::filesystem::path& path);

/// Sorted keys, no spaces, shortest round-trip numbers: the form that is hashed.
/// Throws std::invalid_argument naming the key if a number is NaN or infinite, or if a text is not UTF-8.
std::string canonical_json(const Json& value);

/// Two-space indentation, sorted keys, a newline at the end: the form that is stored. Same errors.
std::string pretty_json(const Json& value);

/// One line, cut where it is long, whatever the bytes: the form for error messages.
std::string brief_json(const Json& value);

}  // namespace repbench
