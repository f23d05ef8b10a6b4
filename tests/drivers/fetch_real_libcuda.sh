#!/bin/sh
# Fetches a real libcuda to ask: Debian's package libcuda1, of its component non-free. It needs no GPU to be opened,
# and none to be unpacked; nothing is installed, and no setting of this machine is changed.
#
#   fetch_real_libcuda.sh FOLDER
#
# leaves FOLDER/libcuda.so.1, a link to the library, and FOLDER/version, the package's version. Where they are already,
# nothing is done. The archive to ask is the one that this machine's own apt is set up with, through a private copy
# of its configuration in which non-free is added. Works as an ordinary user.

set -eu

fail() {
    echo "fetch_real_libcuda.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || fail "it takes one argument, the folder to put the library into."
command -v apt-get >/dev/null || fail "there is no apt-get here; a real libcuda can only be fetched on Debian."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
[ -e "$folder/libcuda.so.1" ] && [ -s "$folder/version" ] && exit 0

work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/tree"

# Every archive of this machine that has a component main; those without a non-free are passed over by apt.
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(SIGNED_BY)' 'Created-By: Packages' |
    while read -r uri suite component key; do
        [ "$component" = main ] || continue
        case $key in
        /*) echo "deb [signed-by=$key] $uri $suite non-free" ;;
        *) echo "deb $uri $suite non-free" ;;
        esac
    done | sort -u >"$work/sources.list"
[ -s "$work/sources.list" ] || fail "this machine's apt knows no archive with a component main; see /etc/apt."

# A file and not options: apt's own helpers read it, too. As root, apt would hand the download to a user that may not
# be allowed to reach this folder.
cat >"$work/apt.conf" <<END
Dir::State "$work/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Acquire::Languages "none";
END
export APT_CONFIG="$work/apt.conf"

apt-get -qq update >"$work/update.log" 2>&1 || {
    cat "$work/update.log" >&2
    fail "the package lists of non-free could not be fetched. Is the network there?"
}
(cd "$work" && apt-get -qq download libcuda1) >"$work/download.log" 2>&1 || {
    cat "$work/update.log" "$work/download.log" >&2
    fail "the package libcuda1 could not be fetched (Debian has it in non-free). See the lines above: is the network there?"
}
package=$(find "$work" -maxdepth 1 -name 'libcuda1_*.deb')
dpkg-deb -x "$package" "$work/tree"
dpkg-deb -f "$package" Version >"$work/package-version"
library=$(cd "$work/tree" && find . -type f -name 'libcuda.so.*' | head -n 1)
[ -n "$library" ] || fail "there is no libcuda.so.* in $(basename "$package")."

mv "$work/tree/$library" "$folder/"
ln -sf "$(basename "$library")" "$folder/libcuda.so.1"
mv "$work/package-version" "$folder/version"
echo "libcuda1 $(cat "$folder/version")"
