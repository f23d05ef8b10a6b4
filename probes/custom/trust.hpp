// Who may change what stands at a path. A program that root is to run must be root's alone, and so must every folder
// and link that leads to it: whoever may rename one of them chooses what is run.

#pragma once

#include <string>

#include <sys/types.h>

namespace jetcuda {

enum class TrustState {
    sound,      // only root can change it
    missing,    // there is nothing
    closed,     // this user may not look
    untrusted,  // somebody else can change it, or what leads to it
};

struct Trust {
    TrustState state = TrustState::missing;
    std::string why;  // a clause without full stop that names the path; empty where it is sound
    mode_t mode = 0;  // type and permissions of what the path leads to, where it is sound
};

// Follows `path`, which is absolute, one name at a time, and looks at what it has opened, never twice at one name.
// Links are followed. A folder on the way may be open to others where its sticky bit keeps them from what is root's
// (/tmp, /nix/store); what the path leads to may not.
Trust examine_trust(const std::string& path);

}  // namespace jetcuda
