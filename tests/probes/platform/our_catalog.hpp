// The data that tests of the platform's sources judge by: our own.

#pragma once

#include "probes/catalog/catalog.hpp"

namespace jetcuda::testing {

inline const Catalog& our_catalog() {
    static const Catalog catalog =
        load_catalog(std::filesystem::path(JETCUDA_SOURCE_DIR) / "config/data", "/no/such/folder");
    return catalog;
}

}  // namespace jetcuda::testing
