#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/text.h"
#include "client/toml_tree.h"

namespace peaksync::client {

// A secret that stands in a file or in a variable of the environment, never in jobs.toml.
struct SecretPlace {
  std::string file;
  std::string env;
  bool empty() const { return file.empty() && env.empty(); }
};

// Takes the members of a TOML table one by one. What is wrong with them is added to `problems`, as
// `FILE:LINE: [table]: what`; when it ends, also the members that nobody took.
//
// Lifetime: its arguments must outlive it. Thread safety: none.
class TomlSection {
 public:
  TomlSection(const std::string& file_name, const TomlNode& table, std::string where,
              std::vector<std::string>& problems);
  ~TomlSection();
  TomlSection(const TomlSection&) = delete;
  TomlSection& operator=(const TomlSection&) = delete;

  void Problem(int line, std::string_view what);
  // Where the table begins.
  int line() const { return table_.line; }
  bool Has(std::string_view key) const;
  // Where the key stands, or the table begins.
  int LineOf(std::string_view key) const;

  // Each takes a key; `out` stays as it is when the key is not there or wrong.
  const TomlNode* Take(const std::string& key);
  // True when there is a text, which is never empty.
  bool Text(const std::string& key, std::string* out);
  void List(const std::string& key, std::vector<std::string>* out);
  // The members of a table of texts.
  std::vector<const TomlNode*> Texts(const std::string& key);
  // KEY_file or KEY_env.
  void Secret(const std::string& key, SecretPlace* place);
  // One of some words.
  template <typename T>
  void Choice(const std::string& key, std::initializer_list<std::pair<std::string_view, T>> words,
              T* out) {
    std::string text;
    if (!Text(key, &text)) return;
    std::string all;
    for (const auto& [word, value] : words) {
      if (text == word) {
        *out = value;
        return;
      }
      Append(&all, all.empty() ? "" : ", ", word);
    }
    Problem(LineOf(key), Cat(key, ": '", text, "' is none of ", all));
  }

 private:
  const TomlNode* Find(std::string_view key) const;

  const std::string& file_name_;
  const TomlNode& table_;
  const std::string where_;
  std::vector<std::string>& problems_;
  std::vector<std::string> known_;
};

}  // namespace peaksync::client
