#include "daemon/bus/service.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include <malloc.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/bus/callers.hpp"
#include "daemon/bus/check_object.hpp"
#include "daemon/bus/event_loop.hpp"
#include "daemon/bus/log.hpp"
#include "daemon/bus/manager_object.hpp"
#include "daemon/bus/report_memory.hpp"
#include "daemon/bus/run_queue.hpp"
#include "daemon/checks/check.hpp"
#include "daemon/report/text.hpp"
#include "probes/custom_name.hpp"

namespace jetcuda {

namespace {

using namespace bus;

constexpr uid_t root_user = 0;

// Root, and whoever runs this daemon by hand: he could start the runner without it.
bool may_everything(uid_t user) { return user == root_user || user == geteuid(); }

std::unique_ptr<sdbus::IConnection> connect() {
    try {
        return sdbus::createSystemBusConnection();
    } catch (const sdbus::Error& error) {
        throw std::runtime_error("the system bus cannot be reached (" + error.getMessage() +
                                 "); start it, or name another in DBUS_SYSTEM_BUS_ADDRESS");
    }
}

// What does not fit a datagram's patience: systemd takes a status of any length, people read one line.
std::string one_line(std::string text) {
    constexpr std::size_t longest = 400;
    for (char& letter : text) {
        if (static_cast<unsigned char>(letter) < 0x20) {
            letter = ' ';
        }
    }
    if (text.size() > longest) {
        std::size_t end = longest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
            --end;  // not inside a character of UTF-8
        }
        text = text.substr(0, end) + "…";
    }
    return text;
}

std::string error_name_of(RunnerEnd end) {
    switch (end) {
        case RunnerEnd::timed_out: return error::timed_out;
        case RunnerEnd::cancelled: return error::cancelled;
        case RunnerEnd::reported:
        case RunnerEnd::failed: break;
    }
    return error::did_not_finish;
}

}  // namespace

struct Service::Parts {
    explicit Parts(ServiceOptions given);

    void claim_name();
    void start_boot_run();
    void start_for(const RunRequest& request, const sdbus::MethodCall& call, std::optional<uid_t> user);
    void cancel_for(RunObject& run, const sdbus::MethodCall& call, std::optional<uid_t> user);
    RunAnswer take_outcome(const RunObject& run, const RunnerOutcome& outcome);
    RunAnswer take_failure(const RunObject& run, const std::string& error_name, const std::string& sentence);
    void run_ended(const RunObject& run, const RunAnswer& answer);
    void show_report();
    void show_custom_checks();
    void show_manager();
    void tell_systemd();

    ServiceOptions options;
    ReportMemory memory;
    EventLoop loop;
    std::unique_ptr<sdbus::IConnection> connection;  // before every object on it
    std::unique_ptr<Callers> callers;
    std::unique_ptr<ManagerObject> manager;
    std::vector<std::unique_ptr<CheckObject>> checks;
    std::vector<std::unique_ptr<CheckObject>> custom_checks;  // the administrator's own, as the newest report has them
    std::unique_ptr<RunQueue> runs;
    StartLimit start_limit;
    RunObject::OnCancel on_cancel;
    std::string last_failure;  // of the newest run, where it did not finish; empty after one that did
    std::string last_status;
};

Service::Parts::Parts(ServiceOptions given)
    : options(std::move(given)), memory(options.state_directory, options.boot_id), connection(connect()) {
    callers = std::make_unique<Callers>(*connection);
    on_cancel = [this](RunObject& run, sdbus::MethodCall call) {
        const std::string sender = call.getSender();
        callers->identify(sender, [this, path = run.path(), call = std::move(call)](std::optional<uid_t> user) {
            // The run may have been forgotten while the bus was asked.
            if (RunObject* found = runs->find(path)) {
                cancel_for(*found, call, user);
            } else {
                call.createReply().send();
            }
        });
    };
    manager = std::make_unique<ManagerObject>(*connection, memory, [this](RunRequest request, sdbus::MethodCall call) {
        const std::string sender = call.getSender();
        callers->identify(sender, [this, request = std::move(request), call = std::move(call)](
                                      std::optional<uid_t> user) { start_for(request, call, user); });
    });
    for (const Check* check : all_checks()) {
        checks.push_back(std::make_unique<CheckObject>(*connection, not_judged(*check)));
    }
    runs = std::make_unique<RunQueue>(
        loop, *connection, options.runner, options.limits,
        RunQueue::Events{
            [this] { show_manager(); },
            [this](const RunObject& run, const RunnerOutcome& outcome) { return take_outcome(run, outcome); },
            [this](const RunObject& run, const RunAnswer& answer) { run_ended(run, answer); }});
    show_report();
}

// Last of all, so that whoever sees the name can call everything; and before any run, so that whoever asks while the
// board is being judged is told so at once.
void Service::Parts::claim_name() {
    try {
        connection->requestName(service_name);
    } catch (const sdbus::Error& error) {
        throw std::runtime_error(std::string("the name ") + service_name + " cannot be claimed (" + error.getMessage() +
                                 "); another jetcuda-checkd may own it, or this user may not: see "
                                 "/usr/share/dbus-1/system.d/io.jetcuda.Check1.conf");
    }
    loop.attach(*connection);
    loop.watch_termination();
    loop.feed_watchdog();
}

void Service::Parts::start_boot_run() {
    if (memory.judged()) {
        log(LogLevel::info, "this boot's report " + std::to_string(memory.newest().sequence) +
                                " is kept: " + status_line(memory.newest()));
        return;
    }
    RunRequest request;
    request.probe = options.probe_at_boot;
    request.settle = options.settle;
    runs->start(request, std::nullopt, on_cancel);
}

void Service::Parts::start_for(const RunRequest& request, const sdbus::MethodCall& call, std::optional<uid_t> user) {
    const auto refuse = [&](const char* name, const std::string& sentence) {
        call.createErrorReply(sdbus::Error(name, sentence)).send();
    };
    if (!user) {
        refuse(error::access_denied, "The bus does not know who asks.");
        return;
    }
    if (request.probe && *user != root_user) {
        refuse(error::access_denied, "Only root may have the GPU probed; use sudo, or ask without the option probe.");
        return;
    }
    RunObject* run = runs->find_equal(request);
    if (run == nullptr) {
        if (!may_everything(*user) && !start_limit.allows(*user, std::chrono::steady_clock::now())) {
            refuse(error::limit_reached, "You started many runs in a short time; try again in some seconds.");
            return;
        }
        run = runs->start(request, user, on_cancel);
    }
    if (run == nullptr) {
        refuse(error::limit_reached, "Too many different runs wait already; try again when they have ended.");
        return;
    }
    auto reply = call.createReply();
    reply << sdbus::ObjectPath(run->path());
    reply.send();
}

void Service::Parts::cancel_for(RunObject& run, const sdbus::MethodCall& call, std::optional<uid_t> user) {
    const bool allowed = user && (may_everything(*user) || (run.owner() && *run.owner() == *user));
    if (!allowed) {
        call.createErrorReply(
                sdbus::Error(error::access_denied, "Only root, or who started a run, may cancel it; use sudo."))
            .send();
        return;
    }
    runs->cancel(run);
    call.createReply().send();
}

RunAnswer Service::Parts::take_outcome(const RunObject& run, const RunnerOutcome& outcome) {
    if (outcome.end != RunnerEnd::reported) {
        return take_failure(run, error_name_of(outcome.end), outcome.sentence);
    }
    std::vector<Transition> transitions;
    try {
        transitions = memory.take(outcome.report_json, run.request());
    } catch (const std::exception& error) {
        return take_failure(run, error::did_not_finish, error.what());
    }
    last_failure.clear();
    const Report& report = memory.newest();
    log(report.verdict == Verdict::healthy ? LogLevel::info : LogLevel::warning,
        "report " + std::to_string(report.sequence) + ": " + status_line(report));
    show_report();
    for (const Transition& transition : transitions) {
        log(LogLevel::info, transition.id + " went from " + std::string(name_of(transition.before)) + " to " +
                                std::string(name_of(transition.after)));
        manager->tell_transition(transition, memory.last_changed_usec(transition.id));
    }
    return {"", "", std::string(name_of(report.verdict)), report.sequence};
}

// What was judged before stays: a runner that was killed says nothing about the board. Where nothing was judged yet,
// the report says so.
RunAnswer Service::Parts::take_failure(const RunObject& run, const std::string& error_name,
                                       const std::string& sentence) {
    log(error_name == error::cancelled ? LogLevel::info : LogLevel::error,
        "run " + run.path() + " did not finish: " + sentence);
    last_failure = sentence;
    if (!memory.judged()) {
        memory.take_failure(sentence, {rfc3339_now(), 0});
        show_report();
    }
    return {error_name, "The run did not finish: " + sentence + ".", "unknown", 0};
}

void Service::Parts::run_ended(const RunObject& run, const RunAnswer& answer) {
    show_manager();
    manager->tell_finished(run.path(), answer.verdict, answer.sequence);
    malloc_trim(0);  // a report was parsed and merged; the daemon sleeps for hours now
}

void Service::Parts::show_report() {
    std::map<std::string, const CheckResult*> results;
    for (const CheckResult& result : memory.newest().checks) {
        results[result.id] = &result;
    }
    for (const auto& check : checks) {
        const auto found = results.find(check->id());
        if (found != results.end()) {
            check->show({*found->second, memory.last_changed_usec(check->id())});
        }
    }
    show_custom_checks();
    show_manager();
}

// What is constant of a check's object (its severity is a setting here) can change only with the object.
void Service::Parts::show_custom_checks() {
    const Report& report = memory.newest();
    for (auto object = custom_checks.begin(); object != custom_checks.end();) {
        const CheckResult& shown = (*object)->shown();
        const auto same = std::find_if(report.checks.begin(), report.checks.end(), [&](const CheckResult& result) {
            return result.id == shown.id && result.severity == shown.severity;
        });
        if (same == report.checks.end()) {
            (*object)->withdraw();
            object = custom_checks.erase(object);
            continue;
        }
        (*object)->show({*same, memory.last_changed_usec(same->id)});
        ++object;
    }
    for (const CheckResult& result : report.checks) {
        const bool stands = std::any_of(custom_checks.begin(), custom_checks.end(),
                                        [&](const auto& object) { return object->id() == result.id; });
        if (result.group != Group::custom || !is_custom_id(result.id) || stands) continue;
        custom_checks.push_back(
            std::make_unique<CheckObject>(*connection, CheckState{result, memory.last_changed_usec(result.id)}));
        custom_checks.back()->announce();
    }
}

void Service::Parts::show_manager() {
    const RunObject* run = runs ? runs->current() : nullptr;
    manager->show(state_of(memory.newest(), run == nullptr ? no_run_path : run->path()));
    tell_systemd();
}

void Service::Parts::tell_systemd() {
    const RunObject* run = runs ? runs->current() : nullptr;
    std::string status;
    if (run != nullptr && !memory.judged()) {
        const std::string& step = run->state().current_check;
        status = "judging the board" + (step.empty() ? "" : ": " + step);
    } else {
        status = status_line(memory.newest());
        if (memory.judged() && !last_failure.empty()) {
            status += "; a later run did not finish: " + last_failure;
        }
    }
    status = one_line(status);
    if (status != last_status) {
        last_status = status;
        sd_notify(0, ("STATUS=" + status).c_str());
    }
}

Service::Service(ServiceOptions options) : parts_(std::make_unique<Parts>(std::move(options))) {}

Service::~Service() = default;

int Service::run() {
    parts_->claim_name();
    sd_notify(0, "READY=1");
    parts_->start_boot_run();
    const int exit_code = parts_->loop.run();
    sd_notify(0, "STOPPING=1");
    return exit_code;
}

}  // namespace jetcuda
