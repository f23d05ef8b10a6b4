#include "daemon/cli/redaction.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace jetcuda {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
bool is_letter_or_digit(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }
bool is_name_letter(char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; }

bool same_letters(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

bool begins_with(std::string_view text, std::string_view word) {
    if (text.empty() || word.empty() || lower(text[0]) != lower(word[0])) return false;  // asked at every letter
    return text.size() >= word.size() && same_letters(text.substr(0, word.size()), word);
}

template <typename Predicate>
std::size_t run_of(std::string_view text, Predicate belongs) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), belongs) - text.begin());
}

// What stands at a place of the text: that much of it, to be replaced by these words.
struct Found {
    std::size_t length = 0;
    std::string replacement;
};
using Match = std::optional<Found>;

// The text, and where in it to look. Nothing here looks further than a line does, or calls itself.
struct Place {
    std::string_view text;
    std::size_t at = 0;

    [[nodiscard]] std::string_view rest() const { return text.substr(at); }
    [[nodiscard]] char before() const { return at == 0 ? ' ' : text[at - 1]; }
    [[nodiscard]] char after(std::size_t length) const { return at + length < text.size() ? text[at + length] : ' '; }
};

std::string without_hyphens(std::string_view id) {
    std::string digits;
    for (const char c : id) {
        if (c != '-') digits += lower(c);
    }
    return digits;
}

bool is_kept(std::string_view id, const Secrets& secrets) {
    return std::any_of(secrets.kept_ids.begin(), secrets.kept_ids.end(),
                       [&](const std::string& kept) { return without_hyphens(kept) == without_hyphens(id); });
}

// RFC 4122's form, and the same without hyphens as systemd writes it.
Match find_uuid(const Place& place, const Secrets& secrets) {
    if (is_letter_or_digit(place.before())) return {};
    const std::string_view rest = place.rest();
    constexpr std::array<std::size_t, 5> groups = {8, 4, 4, 4, 12};
    std::size_t length = 0;
    for (const std::size_t group : groups) {
        if (length > 0) {
            if (length >= rest.size() || rest[length] != '-') break;
            ++length;
        }
        const std::size_t digits = run_of(rest.substr(length), is_hex);
        if (length == 0 && digits == 32 && !is_letter_or_digit(place.after(32))) {
            length = 32;
            break;
        }
        if (digits != group) return {};
        length += digits;
    }
    const bool whole = length == 36 || length == 32;
    if (!whole || is_letter_or_digit(place.after(length))) return {};
    if (is_kept(rest.substr(0, length), secrets)) return Found{length, std::string(rest.substr(0, length))};
    return Found{length, "<uuid>"};
}

constexpr std::size_t most_pairs = 64;

// Six pairs of digits or more, "48:b0:2d:3c:4d:5e" or with hyphens; and the names that udev makes of them.
Match find_mac(const Place& place) {
    if (is_letter_or_digit(place.before()) || place.before() == ':') return {};
    const std::string_view rest = place.rest();
    for (const std::string_view prefix : {"enx", "wlx", "wwx"}) {
        if (!begins_with(rest, prefix)) continue;
        if (run_of(rest.substr(3, 13), is_hex) == 12 && !is_letter_or_digit(place.after(15))) {
            return Found{15, std::string(prefix) + "<mac>"};
        }
    }
    if (rest.size() < 17 || (rest[2] != ':' && rest[2] != '-')) return {};
    const char separator = rest[2];
    std::size_t pairs = 0;
    std::size_t length = 0;
    while (pairs < most_pairs && run_of(rest.substr(length, 3), is_hex) == 2) {
        ++pairs;
        length += 2;
        if (length >= rest.size() || rest[length] != separator) break;
        ++length;
    }
    if (length > 0 && rest[length - 1] == separator) --length;
    if (pairs < 6 || is_letter_or_digit(place.after(length))) return {};
    return Found{length, "<mac>"};
}

// Networks in which no version of anything that is named here lies (RFC 1918, RFC 3927); not 10/8, where TensorRT is.
bool is_surely_an_address(const std::array<unsigned, 4>& part) {
    return (part[0] == 192 && part[1] == 168) || (part[0] == 172 && part[1] >= 16 && part[1] <= 31) ||
           (part[0] == 169 && part[1] == 254);
}

Match find_ipv4(const Place& place, bool foreign) {
    if (is_name_letter(place.before()) || place.before() == '.') return {};
    const std::string_view rest = place.rest();
    std::array<unsigned, 4> part{};
    std::size_t length = 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (i > 0 && (length >= rest.size() || rest[length++] != '.')) return {};
        const std::size_t digits = run_of(rest.substr(length, 4), is_digit);
        if (digits < 1 || digits > 3) return {};
        for (const char c : rest.substr(length, digits)) part[i] = part[i] * 10 + static_cast<unsigned>(c - '0');
        if (part[i] > 255) return {};
        length += digits;
    }
    const char next = place.after(length);
    if (is_letter_or_digit(next) || (next == '.' && is_digit(place.after(length + 1)))) return {};
    // "9.3.0.75-1" is a package's version, also in a log.
    const bool versioned = next == '+' || next == '~' || (next == '-' && is_digit(place.after(length + 1)));
    if (is_surely_an_address(part) || (foreign && !versioned)) return Found{length, "<ip>"};
    return {};
}

// Eight groups, or fewer with one "::" among them. A time ("12:34:56") and a PCI address ("0000:01:00.0") have neither.
Match find_ipv6(const Place& place) {
    if (is_name_letter(place.before()) || place.before() == ':' || place.before() == '.') return {};
    const std::string_view rest = place.rest();
    const std::size_t length = run_of(rest.substr(0, 41), [](char c) { return is_hex(c) || c == ':'; });
    if (length < 3 || length > 39 || is_letter_or_digit(place.after(length))) return {};
    std::string_view address = rest.substr(0, length);
    const std::size_t gap = address.find("::");
    // A sentence may go on with a colon after it.
    if (address.back() == ':' && (gap == std::string_view::npos || gap + 2 != address.size())) address.remove_suffix(1);
    std::size_t groups = 0;
    bool digit = false;
    for (std::size_t i = 0; i < address.size();) {
        const std::size_t digits = run_of(address.substr(i), is_hex);
        if (digits > 4) return {};
        if (digits > 0) ++groups;
        digit = digit || std::any_of(address.begin() + static_cast<std::ptrdiff_t>(i),
                                     address.begin() + static_cast<std::ptrdiff_t>(i + digits), is_digit);
        i += digits + 1;
    }
    const bool short_form = gap != std::string_view::npos && gap == address.rfind("::") && groups <= 7 && digit;
    if (!short_form && !(gap == std::string_view::npos && groups == 8)) return {};
    return Found{address.size(), "<ip>"};
}

struct Label {
    std::string_view word;
    bool needs_sign;  // a ':' or '=' must stand before the value
};

constexpr std::array<Label, 19> labels = {{{"serial number", false},
                                           {"serial-number", false},
                                           {"serial_number", false},
                                           {"serialnumber", false},
                                           {"serial no.", false},
                                           {"serial no", false},
                                           {"serial_no", false},
                                           {"serialno", false},
                                           {"serial", true},
                                           {"s/n", true},
                                           {"sn", true},
                                           {"ecid", true},
                                           {"chip uid", true},
                                           {"asset tag", true},
                                           {"asset_tag", true},
                                           {"machine-id", true},
                                           {"machine id", true},
                                           {"partuuid", true},
                                           {"uuid", true}}};

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '\\'; }
bool ends_value(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0' || is_quote(c) || c == ',' || c == ';' ||
           c == ')' || c == ']' || c == '}' || c == '<' || c == '>';
}

// "Serial Number: 1423021012345", "serial_number = …", "\"serial\": \"…\"", "androidboot.serialno=…".
Match find_labelled(const Place& place, const Secrets& secrets) {
    if (is_letter_or_digit(place.before())) return {};
    const std::string_view rest = place.rest();
    const auto label = std::find_if(labels.begin(), labels.end(), [&](const Label& each) {
        return begins_with(rest, each.word) && !is_letter_or_digit(place.after(each.word.size()));
    });
    if (label == labels.end()) return {};
    std::size_t at = label->word.size();
    at += run_of(rest.substr(at), is_quote);
    at += run_of(rest.substr(at), is_blank);
    const bool sign = at < rest.size() && (rest[at] == ':' || rest[at] == '=');
    if (sign) ++at;
    if (!sign && label->needs_sign) return {};
    at += run_of(rest.substr(at), [](char c) { return is_blank(c) || is_quote(c); });
    const std::string_view value = rest.substr(at, run_of(rest.substr(at), [](char c) { return !ends_value(c); }));
    // Without a sign it may be prose: "the serial number is printed on the module".
    const bool digit = std::any_of(value.begin(), value.end(), is_digit);
    if (value.empty() || (!sign && !digit) || is_kept(value, secrets)) return {};
    return Found{at + value.size(), std::string(rest.substr(0, at)) + "<serial>"};
}

Match find_home(const Place& place) {
    for (const std::string_view folder : {"/home/", "/Users/"}) {
        if (place.rest().substr(0, folder.size()) != folder) continue;
        const std::size_t name = run_of(place.rest().substr(folder.size()),
                                        [](char c) { return is_name_letter(c) || c == '.' || c == '@' || c == '%'; });
        if (name > 0) return Found{folder.size() + name, std::string(folder) + "<user>"};
    }
    return {};
}

Match find_word(const Place& place, const std::vector<std::string>& words, std::string_view replacement) {
    if (is_name_letter(place.before())) return {};
    for (const std::string& word : words) {
        if (!begins_with(place.rest(), word) || is_name_letter(place.after(word.size()))) continue;
        return Found{word.size(), std::string(replacement)};
    }
    return {};
}

// A host's name, with the domain after it.
Match find_host(const Place& place, const Secrets& secrets) {
    Match found = find_word(place, secrets.hosts, "<host>");
    while (found && place.after(found->length) == '.') {
        const std::size_t label = run_of(place.rest().substr(found->length + 1), is_name_letter);
        if (label == 0) break;
        found->length += 1 + label;
    }
    return found;
}

bool is_cut(std::string_view rest) { return begins_with(rest, "…") || begins_with(rest, "..."); }

// A long text is cut somewhere, perhaps within a number; the half that is left is taken out, too.
Match find_cut_number(const Place& place) {
    constexpr std::size_t shortest = 5;
    if (is_letter_or_digit(place.before())) return {};
    const std::string_view rest = place.rest().substr(0, 64);
    const std::size_t length = run_of(rest, [](char c) { return is_hex(c) || c == ':' || c == '-'; });
    const std::string_view number = rest.substr(0, length);
    if (length < shortest || !is_cut(place.rest().substr(length))) return {};
    if (std::none_of(number.begin(), number.end(), is_digit)) return {};
    return Found{length, "<cut>"};
}

Match find_serial(const Place& place, const Secrets& secrets) {
    constexpr std::size_t shortest_half = 4;
    for (const std::string& serial : secrets.serials) {
        if (lower(place.text[place.at]) != lower(serial[0])) continue;
        if (begins_with(place.rest(), serial)) return Found{serial.size(), "<serial>"};
        const std::size_t end = std::min(place.rest().substr(0, serial.size()).find_first_of("\xE2."), serial.size());
        if (end >= shortest_half && end < serial.size() && is_cut(place.rest().substr(end)) &&
            begins_with(serial, place.rest().substr(0, end))) {
            return Found{end, "<serial>"};
        }
    }
    return {};
}

Match find_secret(const Place& place, const Secrets& secrets, bool foreign) {
    if (Match found = find_serial(place, secrets)) return found;
    if (Match found = find_labelled(place, secrets)) return found;
    if (Match found = find_uuid(place, secrets)) return found;
    if (Match found = find_cut_number(place)) return found;
    if (Match found = find_mac(place)) return found;
    if (Match found = find_ipv4(place, foreign)) return found;
    if (Match found = find_ipv6(place)) return found;
    if (Match found = find_home(place)) return found;
    if (Match found = find_host(place, secrets)) return found;
    return find_word(place, secrets.users, "<user>");
}

std::string redacted(std::string_view text, const Secrets& secrets, bool foreign) {
    std::string result;
    result.reserve(text.size());
    for (Place place{text, 0}; place.at < text.size();) {
        if (const Match found = find_secret(place, secrets, foreign)) {
            result += found->replacement;
            place.at += found->length;
        } else {
            result += text[place.at++];
        }
    }
    return result;
}

}  // namespace

Redactor::Redactor(Secrets secrets) : secrets_(std::move(secrets)) {
    // The longest first: a name may begin with another.
    for (std::vector<std::string>* list : {&secrets_.serials, &secrets_.hosts, &secrets_.users}) {
        list->erase(std::remove(list->begin(), list->end(), std::string{}), list->end());
        std::sort(list->begin(), list->end(), [](const std::string& left, const std::string& right) {
            return left.size() != right.size() ? left.size() > right.size() : left < right;
        });
    }
}

std::string Redactor::own(std::string_view text) const { return redacted(text, secrets_, false); }

std::string Redactor::foreign(std::string_view text) const { return redacted(text, secrets_, true); }

Report Redactor::report(Report report) const {
    const auto clean = [this](std::string& text) { text = foreign(text); };
    Secrets of_boot;
    of_boot.kept_ids = {report.boot_id};
    report.boot_id = find_uuid({report.boot_id, 0}, of_boot) ? report.boot_id : foreign(report.boot_id);
    for (std::string* text : {&report.root, &report.driver_under_test, &report.sentence, &report.device.module,
                              &report.device.model, &report.device.gpu, &report.stack.kernel, &report.stack.libcuda}) {
        clean(*text);
    }
    for (CompatSummary& compat : report.stack.compat) {
        clean(compat.dir);
        clean(compat.enabled_by);
        clean(compat.not_measured);
        if (compat.measured) clean(compat.measured->meaning);
    }
    if (report.stack.driver_measured) clean(report.stack.driver_measured->meaning);
    for (CheckResult& check : report.checks) {
        const bool versions = check.group == Group::packages;
        for (std::string* text : {&check.summary, &check.remedy}) *text = versions ? own(*text) : foreign(*text);
        for (Evidence& evidence : check.evidence) {
            for (std::string* text : {&evidence.what, &evidence.value, &evidence.source}) {
                *text = versions && !evidence.volatile_value ? own(*text) : foreign(*text);
            }
        }
    }
    return report;
}

}  // namespace jetcuda
