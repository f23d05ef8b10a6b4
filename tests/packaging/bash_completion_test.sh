#!/bin/bash
# Drives the completion as bash does, and compares what it offers with what the program's own --help names.
set -u
PATH=$1:$PATH
# shellcheck source=/dev/null
source "$2"
failures=0

# complete_words WORD...: what is offered for the last word, sorted, in one line.
complete_words() {
    COMP_WORDS=("$@")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _jetcuda_check "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}

expect() {
    local wanted=$1
    shift
    local found
    found=$(complete_words "$@")
    if [[ $found != "$wanted" ]]; then
        echo "FAILED: $* -> $found, not $wanted"
        failures=$((failures + 1))
    fi
}

in_one_line() { sort | tr '\n' ' '; }
verbs=$(jetcuda-check --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\).*/\1/p' | grep . | in_one_line)
ids=$(jetcuda-check list | cut -d ' ' -f 1 | in_one_line)
[[ $verbs == *status* && $ids == *soc-is-supported* ]] || { echo "FAILED: no verbs or ids to compare with"; exit 1; }

expect "$verbs" jetcuda-check ""
expect "status " jetcuda-check st
expect "$verbs" jetcuda-check --json ""
expect "$verbs" jetcuda-check --root /mnt ""
expect "$ids" jetcuda-check run ""
expect "$ids" jetcuda-check --root run explain ""
expect "driver-initializes " jetcuda-check run --all driver-i
expect "T194 T234 T264 " jetcuda-check run --soc ""
expect "--root " jetcuda-check --ro
for verb in $verbs; do
    options=$(jetcuda-check "$verb" --help | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p' | in_one_line)
    expect "$options" jetcuda-check "$verb" --
done

[[ $failures -eq 0 ]] && echo "bash completes what the program understands"
exit $((failures > 0))
