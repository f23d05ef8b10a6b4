// BusClient, driven by client_test.py: `use-client describe`, `use-client wait MILLISECONDS`, `use-client run PROBE
// MILLISECONDS [ID…]`. Prints the answer's text, or "why not: …" and the error's name, and leaves with 1.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/bus/client.hpp"

using namespace jetcuda;

int main(int count, char** words) {
    const std::vector<std::string> arguments(words + 1, words + count);
    if (arguments.empty()) {
        return 64;
    }
    const auto milliseconds = [&](std::size_t place) {
        return std::chrono::milliseconds(std::stol(arguments.at(place)));
    };
    const auto client = BusClient::connect();
    if (!client) {
        std::printf("no client: %s\n%s\n", client.why_not.c_str(), client.error.c_str());
        return 1;
    }
    BusAnswer<std::string> answer;
    if (arguments[0] == "describe") {
        answer = client->describe();
    } else if (arguments[0] == "wait") {
        answer = client->wait_for_report(milliseconds(1));
    } else {
        answer = client->run({arguments.begin() + 3, arguments.end()}, arguments.at(1) == "probe", milliseconds(2));
    }
    if (!answer) {
        std::printf("why not: %s\n%s\n", answer.why_not.c_str(), answer.error.c_str());
        return 1;
    }
    std::puts(answer->c_str());
    return 0;
}
