#!/bin/sh
# Usage errors, as a caller meets them: exit status 64, nothing on standard output, and one line on standard error
# that names what was wrong and the way out. And what the command answers without looking at any machine.
set -u  # no -e: the exit statuses are what is tested
program=$1
source=$2
failures=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect STATUS PATTERN ARGUMENT...: PATTERN is an extended regular expression that standard error holds.
expect() {
    wanted=$1
    pattern=$2
    shift 2
    "$program" "$@" >"$folder/out" 2>"$folder/err" </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] || fail "jetcuda-check $*: exit status $status, not $wanted: $(cat "$folder/err")"
    if [ -n "$pattern" ]; then
        [ "$(wc -l <"$folder/err")" -eq 1 ] || fail "jetcuda-check $*: not one line: $(cat "$folder/err")"
        grep -Eq -e "$pattern" "$folder/err" || fail "jetcuda-check $*: \"$pattern\" is not in: $(cat "$folder/err")"
        if [ "$wanted" -eq 64 ] && [ -s "$folder/out" ]; then fail "jetcuda-check $*: wrote to standard output"; fi
    fi
}

data="--data=$source/config/data"
mkdir "$folder/config"
config="--config=$folder/config"

expect 64 'no verb staus\. Did you mean status\?.*status, run, facts' staus
expect 64 'no verb frobnicate\. The verbs are' frobnicate --json
expect 64 'no option --rot\. Did you mean --root\?' run --rot /
expect 64 'no option --rot\. Did you mean --root\?' --rot=/ run
expect 64 '--markdown is an option of "list"' run --markdown
expect 64 '"facts" takes no argument, and was given extra' facts extra
expect 64 '"status" takes no argument' status driver-initializes
expect 64 '--root needs a value: --root DIR' run --root
expect 64 '--json takes no value' run --json=yes
expect 64 'no check driver-initialises\. Did you mean driver-initializes\?.*jetcuda-check list' run driver-initialises
expect 64 'no check libcuda\. Did you mean libcuda-is-' explain libcuda
expect 64 'no check run\.' explain run
expect 64 'no check "".*jetcuda-check list' run ''
expect 64 'no check nope\. There is no check libcuda-is-fuond\. Did you mean libcuda-is-found\?' run nope libcuda-is-fuond
expect 64 'releases-differ is no check, but a code of driver-matches-module: write .jetcuda-check explain driver-matches-module releases-differ' explain releases-differ
expect 64 'not-probed is no check, but a code of many' explain not-probed
expect 64 'help is no verb, but an option: write "jetcuda-check --help"' help
expect 64 'version is no verb, but an option' version
expect 64 '--root needs the name of a folder, and was given an empty one' run --root '' "$data"
expect 64 'takes the id of one check.*none' explain
expect 64 'takes the id of one check.*3 words' explain soc-is-supported ok ok
expect 64 'soc-is-supported has no code libcuda-is-found\..*explain soc-is-supported"' explain soc-is-supported libcuda-is-found
expect 64 'driver-matches-module has no code release-differ\. Did you mean releases-differ\?' explain driver-matches-module release-differ
expect 64 'has no code not-prob\. Did you mean not-probed\?' explain driver-initializes not-prob
expect 64 "--root $folder/missing: No such file" run --root "$folder/missing" "$data"
expect 64 '--root /dev/null: it is no folder' run --root /dev/null "$data"
expect 64 '--soc T999: there is no such SoC. It is one of T194, T234 or T264' run --soc T999 "$data" "$config"
expect 64 "--driver $folder/missing.so: .*Name a libcuda" run --driver "$folder/missing.so" "$data" "$config"
expect 64 "--driver $folder: it is no regular file" run --driver "$folder" "$data" "$config"
expect 64 '--driver names a driver.*--no-probe' run --no-probe --driver "$0" "$data" "$config"
expect 64 "--data $folder/missing" run --data "$folder/missing" "$config"
expect 64 "--config $folder/missing" run "$data" --config "$folder/missing"
expect 64 '--json and --markdown' list --json --markdown
expect 64 '"diff" compares two reports, and was given none\. Name two files' diff
expect 64 '"diff" compares two reports, and was given 1\.' diff "$0"
expect 64 '"diff" compares two reports, and was given 3\.' diff "$0" "$0" "$0"
expect 64 'Standard input can be one of the two' diff - -
expect 74 "$folder/missing could not be read: No such file" diff "$folder/missing" "$0"
expect 74 "$folder could not be read: Is a directory" diff "$folder" "$0"
expect 74 "$0 holds no report: .*line 1, column 1.*jetcuda-check run --json" diff "$0" "$0"
expect 74 'standard input holds no report' diff - "$0"
expect 64 '"bundle" takes one file to write, and was given none' bundle
expect 64 '"bundle" takes one file to write, and was given 2' bundle a.tar.gz b.tar.gz
expect 64 'out.zip: .*ends in .tar.gz or .tar.zst' bundle "$folder/out.zip" "$data" "$config"
expect 64 'With FILE "-".*--json' bundle - --json
expect 64 '--force is an option of "bundle"' run --force
expect 64 '--request takes "-" only' run --request=socket

# A configuration that is not understood is the caller's, too.
printf '{\n  "probes": 1\n}\n' >"$folder/config/config.json"
expect 64 "$folder/config/config.json.*probes" run "$data" "$config"
# … but never withholds a boot.
expect 0 '' gate "$config" --state-dir "$folder"
grep -q "could not decide.*config.json" "$folder/err" || fail "gate does not name the broken configuration"
rm "$folder/config/config.json"

# What is not installed is told with the way out. (Where it is installed, this has nothing to say.)
[ -d /usr/share/jetcuda-check/data ] || expect 64 'data is not there.*--data DIR' run "$config"

# What a verb answers otherwise than by the verdict, its help says.
"$program" diff --help | grep -q '^Exit status: 0 nothing changed, 1 something did;' || fail "diff --help: exit status"
"$program" gate --help | grep -q '^Exit status: 0 the boot passes, 1 it is withheld;' || fail "gate --help: exit status"
"$program" run --help | grep -q '^Exit status: 0 healthy, 1 degraded, 2 unhealthy, 3 unknown;' || fail "run --help: exit status"

expect 0 '' --help
expect 0 '' run --help
expect 0 '' explain --help
expect 0 '' --version
grep -Eq '^jetcuda-check [0-9]+\.[0-9]+' "$folder/out" || fail "--version does not tell the version"
expect 0 '' list
expect 0 '' --json list
expect 0 '' list --json
expect 0 '' explain soc-is-supported
expect 0 '' explain soc-is-supported not-a-jetson

# An answer that cannot be written is an error, and says so; a reader that left is one, in silence.
if [ -w /dev/full ]; then
    "$program" list >/dev/full 2>"$folder/err"
    [ $? -eq 74 ] || fail "a full disk does not give 74"
    grep -q 'No space left' "$folder/err" || fail "a full disk is not told: $(cat "$folder/err")"
fi
"$program" list >&- 2>"$folder/err"
[ $? -eq 74 ] || fail "a closed standard output does not give 74"
{ "$program" list --json 2>"$folder/err"; echo $? >"$folder/status"; } | true
[ ! -s "$folder/err" ] || fail "a reader that left is complained about: $(cat "$folder/err")"

[ "$failures" -eq 0 ] || exit 1
echo "every usage error is told as it should be"
