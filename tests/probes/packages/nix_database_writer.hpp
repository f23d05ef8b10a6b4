// Writes Nix's database for tests, with the tables as Nix has them (nix/src/libstore/schema.sql, shortened).

#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace jetcuda::testing {

using References = std::map<std::string, std::vector<std::string>>;  // path -> what it needs

class NixDatabaseWriter {
public:
    explicit NixDatabaseWriter(const std::filesystem::path& file) {
        std::filesystem::create_directories(file.parent_path());
        if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK)
            throw std::runtime_error("cannot write " + file.string());
    }
    ~NixDatabaseWriter() { sqlite3_close(database_); }
    NixDatabaseWriter(const NixDatabaseWriter&) = delete;
    NixDatabaseWriter& operator=(const NixDatabaseWriter&) = delete;

    void run(const std::string& command) {
        char* flaw = nullptr;
        if (sqlite3_exec(database_, command.c_str(), nullptr, nullptr, &flaw) == SQLITE_OK) return;
        const std::string text = flaw == nullptr ? "" : flaw;
        sqlite3_free(flaw);
        throw std::runtime_error(text + " in: " + command);
    }

    void make_tables() {
        run("CREATE TABLE ValidPaths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT UNIQUE NOT NULL, "
            "hash TEXT NOT NULL, registrationTime INTEGER NOT NULL, deriver TEXT, narSize INTEGER, ultimate INTEGER, "
            "sigs TEXT, ca TEXT);"
            "CREATE TABLE Refs (referrer INTEGER NOT NULL, reference INTEGER NOT NULL, "
            "PRIMARY KEY (referrer, reference));"
            "CREATE INDEX IndexReferrer ON Refs(referrer); CREATE INDEX IndexReference ON Refs(reference);");
    }

    void put(const References& references) {
        std::string commands = "BEGIN;";
        const auto name_path = [&](const std::string& path) {
            commands.append("INSERT OR IGNORE INTO ValidPaths (path, hash, registrationTime) VALUES ('");
            commands.append(path).append("', 'sha256:0', 1);");
        };
        for (const auto& [path, needed] : references) {
            name_path(path);
            for (const std::string& one : needed) {
                name_path(one);
                commands.append(
                    "INSERT OR IGNORE INTO Refs SELECT a.id, b.id FROM ValidPaths a, ValidPaths b "
                    "WHERE a.path = '");
                commands.append(path).append("' AND b.path = '").append(one).append("';");
            }
        }
        run(commands.append("COMMIT;"));
    }

private:
    sqlite3* database_ = nullptr;
};

inline void write_nix_database(const std::filesystem::path& file, const References& references) {
    NixDatabaseWriter writer(file);
    writer.make_tables();
    writer.put(references);
}

}  // namespace jetcuda::testing
