// Our table of results, against the header it is from, where a toolkit is installed.

#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "probes/gpu/protocol.hpp"

using namespace jetcuda;

TEST_CASE("results have the names that people look up") {
    CHECK(result_name(0) == "CUDA_SUCCESS");
    CHECK(result_name(34) == "CUDA_ERROR_STUB_LIBRARY");
    CHECK(result_name(100) == "CUDA_ERROR_NO_DEVICE");
    CHECK(result_name(803) == "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH");
    CHECK(result_name(999) == "CUDA_ERROR_UNKNOWN");
    CHECK(result_name(998).empty());
    CHECK(result_name(-1).empty());
}

TEST_CASE("the table and cuda.h say the same") {
    std::ifstream header("/usr/local/cuda/include/cuda.h");
    if (!header) {
        MESSAGE("NOT TESTED HERE: no CUDA toolkit, hence no /usr/local/cuda/include/cuda.h");
        return;
    }
    int found = 0;
    for (std::string line; std::getline(header, line);) {
        std::istringstream words(line);  // "    CUDA_ERROR_NO_DEVICE    = 100,"
        std::string name;
        std::string equals;
        int value = 0;
        if (!(words >> name >> equals >> value) || equals != "=") continue;
        if (name != "CUDA_SUCCESS" && name.rfind("CUDA_ERROR_", 0) != 0) continue;
        ++found;
        CHECK(result_name(value) == name);
    }
    CHECK(found > 80);
}
