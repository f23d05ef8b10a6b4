#include "probes/packages/nix_database.hpp"

#include <cstdint>
#include <memory>
#include <unordered_set>

#include <sqlite3.h>

#include "probes/system/text.hpp"

namespace jetcuda {
namespace {

constexpr std::string_view database_file = "/nix/var/nix/db/db.sqlite";
constexpr std::size_t path_limit = 200'000;  // closures of systems have some thousands
constexpr int path_length_limit = 300;       // Nix allows 211 characters of name
constexpr int steps_between_looks = 10'000;
constexpr int looks = 20'000;  // that many steps of SQLite's machine are some seconds; 5,000 paths take a hundredth

struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closer>;
using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

Missing not_understood(std::string_view what) {
    std::string why(database_file);
    return {Lack::not_understood, why.append(" cannot be read: ").append(shown(what)), std::string(database_file)};
}

// `immutable` keeps SQLite from looking for a log and from locking: right for a disk that nobody writes to, and the
// only way where this user may not write beside the file. A log with content in it must be looked at; without
// `readonly_shm` SQLite would leave an index of it beside the database.
std::string address_of(const std::string& host_path, bool immutable) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string address = "file:";
    for (const char c : host_path) {
        if (c == '%' || c == '?' || c == '#') {
            const auto byte = static_cast<unsigned char>(c);
            address.append("%").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
        } else {
            address.push_back(c);
        }
    }
    return address.append(immutable ? "?mode=ro&immutable=1" : "?mode=ro&readonly_shm=1");
}

int count_looks(void* left) { return --*static_cast<int*>(left) < 0 ? 1 : 0; }

// As SQLite's authors advise for files that others may have made: the schema must not run code of its own.
void distrust(sqlite3* database) {
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    for (const int option :
         {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
        sqlite3_db_config(database, option, 0, nullptr);
    }
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 1 << 20);
    sqlite3_exec(database, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", nullptr, nullptr, nullptr);
}

class Reader {
public:
    Reader(const std::string& host_path, bool immutable) {
        sqlite3* opened = nullptr;
        const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
        const int result = sqlite3_open_v2(address_of(host_path, immutable).c_str(), &opened, flags, nullptr);
        database_.reset(opened);
        if (result != SQLITE_OK) {
            fail();
            return;
        }
        sqlite3_busy_timeout(opened, 500);
        sqlite3_progress_handler(opened, steps_between_looks, count_looks, &looks_left_);
        distrust(opened);
        id_of_path_ = prepare("SELECT id FROM ValidPaths WHERE path = ?1");
        path_of_id_ = prepare("SELECT path FROM ValidPaths WHERE id = ?1");
        references_ = prepare("SELECT reference FROM Refs WHERE referrer = ?1");
    }

    Reader(const Reader&) = delete;  // SQLite holds a pointer into it
    Reader& operator=(const Reader&) = delete;

    [[nodiscard]] const std::string& flaw() const { return flaw_; }

    // 0: the database does not know it. Ids begin with 1.
    std::int64_t id_of(std::string_view path) {
        if (!flaw_.empty()) return 0;
        sqlite3_bind_text(id_of_path_.get(), 1, path.data(), static_cast<int>(path.size()), SQLITE_STATIC);
        std::int64_t id = 0;
        while (next(id_of_path_)) id = sqlite3_column_int64(id_of_path_.get(), 0);
        return id;
    }

    std::vector<std::string> closure_of(std::int64_t first) {
        std::unordered_set<std::int64_t> seen{first};
        std::vector<std::int64_t> open{first};
        std::vector<std::string> paths;
        while (!open.empty() && flaw_.empty()) {
            const std::int64_t id = open.back();
            open.pop_back();
            sqlite3_bind_int64(path_of_id_.get(), 1, id);
            while (next(path_of_id_)) {
                const unsigned char* text = sqlite3_column_text(path_of_id_.get(), 0);
                const int size = sqlite3_column_bytes(path_of_id_.get(), 0);
                if (text != nullptr && size <= path_length_limit) paths.emplace_back(text, text + size);
            }
            sqlite3_bind_int64(references_.get(), 1, id);
            while (next(references_)) {
                const std::int64_t reference = sqlite3_column_int64(references_.get(), 0);
                if (seen.insert(reference).second) open.push_back(reference);
            }
            if (seen.size() > path_limit) flaw_ = "it names more paths than any system needs";
        }
        return paths;
    }

private:
    void fail() { flaw_ = sqlite3_errmsg(database_.get()); }

    Statement prepare(const char* question) {
        sqlite3_stmt* statement = nullptr;
        if (flaw_.empty() && sqlite3_prepare_v2(database_.get(), question, -1, &statement, nullptr) != SQLITE_OK)
            fail();
        return Statement(statement);
    }

    // True: there is a row. Otherwise the statement is ready for its next question.
    bool next(const Statement& statement) {
        const int result = sqlite3_step(statement.get());
        if (result == SQLITE_ROW) return true;
        if (result != SQLITE_DONE) fail();
        sqlite3_reset(statement.get());
        return false;
    }

    int looks_left_ = looks;
    std::string flaw_;
    Database database_;  // before its statements, which are to go first
    Statement id_of_path_, path_of_id_, references_;
};

Fact<std::vector<std::string>> ask(Reader& reader, std::string_view path) {
    const std::int64_t id = reader.id_of(path);
    std::vector<std::string> paths;
    if (id > 0) paths = reader.closure_of(id);
    if (!reader.flaw().empty()) return not_understood(reader.flaw());
    if (id <= 0) {
        std::string why(database_file);
        return Missing{Lack::not_there, why.append(" does not know ").append(shown(path, 300)),
                       std::string(database_file)};
    }
    return {std::move(paths), std::string(database_file)};
}

}  // namespace

Fact<std::vector<std::string>> read_nix_closure(const SystemRoot& root, std::string_view path) {
    const Fact<FileStatus> status = root.status(database_file);
    if (!status) return status.missing();
    if (status->kind != FileKind::regular) return not_understood("it is no file");
    const Fact<ResolvedPath> file = root.resolve(database_file);
    if (!file) return file.missing();
    const std::string host_path = file->on_host.string();
    const Fact<FileStatus> log = root.status(std::string(database_file).append("-wal"));
    const bool log_counts = root.live() && log && log->size > 0;
    if (log_counts) {
        Reader reader(host_path, false);
        Fact<std::vector<std::string>> answer = ask(reader, path);
        if (answer || !answer.lacks(Lack::not_understood)) return answer;
    }  // a user that may not join the log still reads what was written before it
    Reader reader(host_path, true);
    return ask(reader, path);
}

}  // namespace jetcuda
