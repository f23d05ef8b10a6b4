// The work that is handed to a simulated GPU: it waits until somebody waits for it, and is then done in the order that
// suits a careless program least: what was handed over last goes first, unless a stream, the default stream or an event
// forbids it. A kernel is run by its host twin.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace simulated {

// The error that a kernel left; from then on every call of its context answers it. 0: none
int sticky_error();

bool is_stream(const void* stream);
void* make_stream(bool non_blocking);
int remove_stream(void* stream);

void* make_event(bool timed);
int remove_event(void* event);
int record_event(void* event, void* stream);
int wait_for_event(void* stream, void* event);
int wait_for_event(void* event);
int elapsed_time(float* milliseconds, void* begin, void* end);

// A kernel of a loaded image, as cuModuleGetFunction finds it.
struct Function {
    std::string kernel;
    bool from_ptx = false;
};
struct Launch {
    std::size_t blocks = 0, threads = 0;  // threads of a block
    unsigned shared_bytes = 0;
    void** parameters = nullptr;
};
int launch(const Function& function, const Launch& how, void* stream);

int finish_all_work();   // the sticky error
void forget_all_work();  // with its streams and events

}  // namespace simulated
