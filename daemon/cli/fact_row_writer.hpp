// How facts become rows, for the files that do it: fact_rows.cpp, and one file per further room of Facts.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/cli/fact_rows.hpp"

namespace jetcuda {

// The rows of one fact, all under its name. Values that the source did not hold are left out.
class Rows {
public:
    explicit Rows(std::vector<FactRow>& rows) : rows_(rows) {}

    void put(std::string name, RowValue value, const std::string& source) {
        FactRow row;
        row.name = std::move(name);
        row.value = std::move(value);
        row.source = source;
        rows_.push_back(std::move(row));
    }

    void put_missing(std::string name, const Missing& missing) {
        FactRow row;
        row.name = std::move(name);
        row.source = missing.source;
        row.missing = true;
        row.lack = jetcuda::name_of(missing.lack);
        row.why = missing.why.empty() ? "nobody asked for it" : missing.why;
        rows_.push_back(std::move(row));
    }

    // Does the fact have rows? Where it is missing, one row that says why is put in their place.
    template <typename T>
    bool begin(const std::string& name, const Fact<T>& fact) {
        name_ = name;
        source_ = fact.source();
        if (fact.known()) return true;
        put_missing(name, fact.missing());
        return false;
    }

    void part(std::string_view name, RowValue value) {
        put(fmt::format("{}.{}", name_, name), std::move(value), source_);
    }
    void part(std::string_view name, const char* value) { part(name, std::string{value}); }
    // An empty text, or an absent value, is a source that does not hold it.
    void part_if(std::string_view name, const std::string& value) {
        if (!value.empty()) part(name, value);
    }
    template <typename Version>
    void part_if(std::string_view name, const std::optional<Version>& version) {
        if (version) part(name, version->text());
    }

private:
    std::vector<FactRow>& rows_;
    std::string name_;
    std::string source_;
};

void add_loader(Rows& rows, const Facts& facts);
void add_software(Rows& rows, const Facts& facts);
void add_compat(Rows& rows, const Facts& facts);
void add_containers(Rows& rows, const Facts& facts);
void add_system_state(Rows& rows, const Facts& facts);
void add_gpu_code(Rows& rows, const Facts& facts);

}  // namespace jetcuda
