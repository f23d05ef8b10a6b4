#!/bin/sh
# Fetches packages of Debian's component non-free and unpacks them, and installs nothing. No setting of this machine is
# changed: the archive to ask is the one that its own apt is set up with, through a private copy of its configuration
# in which non-free is added. Works as an ordinary user.
#
#   unpack_nonfree.sh PACKAGE FOLDER [PACKAGE FOLDER]...
#
# leaves each package's files in its FOLDER, which must not exist, and its version in FOLDER/version.

set -eu

fail() {
    echo "unpack_nonfree.sh: $*" >&2
    exit 1
}

if [ $# -eq 0 ] || [ $(($# % 2)) -ne 0 ]; then
    fail "it takes pairs of arguments, a package and the folder to unpack it into."
fi
command -v apt-get >/dev/null || fail "there is no apt-get here; $1 can only be fetched on Debian."
mkdir -p "$(dirname "$2")"
place=$(cd "$(dirname "$2")" && pwd)

work=$(mktemp -d "$place/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"

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
while [ $# -gt 0 ]; do
    package=$1
    folder=$2
    shift 2
    [ ! -e "$folder" ] || fail "$folder is there already."
    (cd "$work" && apt-get -qq download "$package") >"$work/download.log" 2>&1 || {
        cat "$work/update.log" "$work/download.log" >&2
        fail "the package $package could not be fetched (Debian has it in non-free). See the lines above: is the network there?"
    }
    archive=$(find "$work" -maxdepth 1 -name "${package}_*.deb")
    mkdir "$work/tree"
    dpkg-deb -x "$archive" "$work/tree"
    dpkg-deb -f "$archive" Version >"$work/tree/version"
    mkdir -p "$(dirname "$folder")"
    mv "$work/tree" "$folder"
    rm "$archive"
done
