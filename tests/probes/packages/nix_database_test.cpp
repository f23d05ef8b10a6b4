#include "probes/packages/nix_database.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "tests/harness/random_bytes.hpp"
#include "tests/harness/temp_root.hpp"
#include "tests/probes/packages/nix_database_writer.hpp"

namespace jetcuda {
namespace {

using testing::NixDatabaseWriter;
using testing::TempRoot;

constexpr std::string_view file = "/nix/var/nix/db/db.sqlite";

std::string store_path(char letter) { return "/nix/store/" + std::string(32, letter) + "-" + letter; }

Fact<std::vector<std::string>> read(const TempRoot& board, const std::string& path = store_path('a')) {
    Fact<std::vector<std::string>> paths = read_nix_closure(SystemRoot(board.directory()), path);
    if (paths) std::sort(paths.value().begin(), paths.value().end());
    return paths;
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("a closure is what a path needs, directly or through others, once each and in circles too") {
    const TempRoot board;
    testing::write_nix_database(board.on_host(file), {{store_path('a'), {store_path('b'), store_path('a')}},
                                                      {store_path('b'), {store_path('c'), store_path('d')}},
                                                      {store_path('c'), {store_path('b'), store_path('d')}},
                                                      {store_path('x'), {store_path('a')}}});
    const auto paths = read(board);
    REQUIRE(paths.known());
    CHECK(*paths == std::vector<std::string>{store_path('a'), store_path('b'), store_path('c'), store_path('d')});
    CHECK(paths.source() == file);
    CHECK(read(board, store_path('d'))->size() == 1);
    const auto unknown = read(board, store_path('z'));
    REQUIRE(unknown.lacks(Lack::not_there));
    CHECK(unknown.missing().why == "/nix/var/nix/db/db.sqlite does not know " + store_path('z'));
}

TEST_CASE("a closure as large as a system's is whole") {
    const TempRoot board;
    testing::References references;
    const auto path_of = [](int number) {
        std::string digits = std::to_string(number);
        return "/nix/store/" + std::string(32 - digits.size(), '0').append(digits) + "-library";
    };
    for (int number = 0; number < 5000; ++number) {
        references[path_of(number)] = {path_of(number + 1), path_of(number * 7 % 5000), path_of(number / 2)};
    }
    testing::write_nix_database(board.on_host(file), references);
    const auto paths = read(board, path_of(0));
    REQUIRE(paths.known());
    CHECK(paths->size() == 5001);
    CHECK(std::adjacent_find(paths->begin(), paths->end()) == paths->end());
}

TEST_CASE("nothing is written beside the database, and its folder's name is no part of an address") {
    const TempRoot board;
    board.make_directory("/a?b#c%41");
    const TempRoot* const outer = &board;
    const std::filesystem::path root = outer->on_host("/a?b#c%41");
    testing::write_nix_database(root / "nix/var/nix/db/db.sqlite", {{store_path('a'), {store_path('b')}}});
    const auto paths = read_nix_closure(SystemRoot(root), store_path('a'));
    REQUIRE(paths.known());
    CHECK(paths->size() == 2);
    const auto folder = std::filesystem::directory_iterator(root / "nix/var/nix/db");
    CHECK(std::distance(std::filesystem::begin(folder), std::filesystem::end(folder)) == 1);
}

TEST_CASE("a database with a write-ahead log is read as it was before the log, on a disk that is not ours") {
    const TempRoot board;
    NixDatabaseWriter writer(board.on_host(file));
    writer.run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;");
    writer.make_tables();
    writer.put({{store_path('a'), {store_path('b')}}});
    writer.run("PRAGMA wal_checkpoint(TRUNCATE);");
    writer.put({{store_path('a'), {store_path('c')}}});
    const auto paths = read(board);
    REQUIRE(paths.known());
    CHECK(paths->size() == 2);
}

TEST_CASE("no database is not there; what is none says why it is none") {
    const TempRoot board;
    CHECK(read(board).lacks(Lack::not_there));
    board.write(file,
                "hello, this is no database, and it is longer than a header of one would be: " + std::string(200, 'x'));
    const auto garbage = read(board);
    REQUIRE(garbage.lacks(Lack::not_understood));
    CHECK(garbage.missing().why == "/nix/var/nix/db/db.sqlite cannot be read: file is not a database");
    board.remove(file);
    board.write(file, "");
    CHECK(read(board).lacks(Lack::not_understood));  // no such table
    board.remove(file);
    board.make_directory(file);
    CHECK(read(board).lacks(Lack::not_understood));
}

TEST_CASE("a schema cannot make the reader work without end, nor a table fill its memory") {
    const auto begin = std::chrono::steady_clock::now();
    {
        const TempRoot board;
        NixDatabaseWriter writer(board.on_host(file));
        writer.run(
            "CREATE VIEW ValidPaths AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
            "SELECT id, 'x' AS path FROM n; CREATE TABLE Refs (referrer, reference);");
        CHECK(read(board).lacks(Lack::not_understood));
    }
    {
        const TempRoot board;
        NixDatabaseWriter writer(board.on_host(file));
        writer.make_tables();
        writer.put({{store_path('a'), {}}});
        writer.run(
            "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n LIMIT 250000) "
            "INSERT INTO Refs SELECT 1, id FROM n;");
        const auto paths = read(board);
        REQUIRE(paths.lacks(Lack::not_understood));
        CHECK(paths.missing().why.find("more paths than any system needs") != std::string::npos);
    }
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("no damage of a database makes the reader misbehave") {
    const TempRoot board;
    testing::References references;
    for (char letter = 'a'; letter < 'z'; ++letter) {
        references[store_path(letter)] = {store_path(static_cast<char>(letter + 1)), store_path('m')};
    }
    testing::write_nix_database(board.on_host(file), references);
    const std::string good = content_of(board.on_host(file));
    int answered = 0;
    for (unsigned seed = 0; seed < 250; ++seed) {
        std::string bad = good;
        if (seed % 10 == 0) bad = "SQLite format 3" + std::string(1, '\0') + testing::random_bytes(seed, 8000);
        for (unsigned damage = 0; seed % 10 != 0 && damage < 12; ++damage)
            bad = testing::mutated(bad, seed * 97 + damage);
        board.write(file, bad);
        const auto paths = read(board);
        if (!paths) continue;
        ++answered;
        CHECK(paths->size() <= 30);
    }
    CHECK(answered < 250);
}

}  // namespace jetcuda
