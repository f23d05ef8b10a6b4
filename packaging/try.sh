#!/bin/sh
# Shows jetcuda-check at work, on any machine with Debian 12 or Ubuntu 22.04 and later:
#
#   sh packaging/try.sh
#
# It builds the programs into build/try, starts a D-Bus daemon of its own with the real policy, on it the real
# jetcuda-checkd, and prints the report that the daemon made, through the real command. On a Jetson that is the report
# of this Jetson. Elsewhere a simulated Orin is judged: the board orin-r36.5 of tests/boards and the simulated libcuda.
# Nothing is installed but packages, nothing is left running, and the system's own bus is not touched.
set -eu
cd "$(dirname "$0")/.."
top=$(pwd)

say() {
    printf '\n-- %s\n' "$*"
}

say "packages"
sh packaging/dependencies.sh build run

say "build (build/try)"
mkdir -p build
cmake -G Ninja -S . -B build/try -DCMAKE_BUILD_TYPE=RelWithDebInfo -DJETCUDA_TESTS=OFF -DJETCUDA_SIMULATED_DRIVER=ON \
    >build/try.log 2>&1 || {
    cat build/try.log
    exit 1
}
ninja -C build/try >build/try.log 2>&1 || {
    tail -n 100 build/try.log
    exit 1
}
bin=$top/build/try/bin

place=$(mktemp -d "${TMPDIR:-/tmp}/jetcuda-try-XXXXXX")
chmod 755 "$place"
bus_pid=""
daemon_pid=""
clean_up() {
    for pid in $daemon_pid $bus_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$place"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What the daemon starts to have the machine judged. On a Jetson that is the command itself.
runner=$place/runner
if [ -e /etc/nv_tegra_release ] || grep -qsi '^tegra' /sys/devices/soc0/family; then
    say "this is a Jetson: it is judged itself"
    cat >"$runner" <<END
#!/bin/sh
exec "$bin/jetcuda-check" --data "$top/config/data" "\$@"
END
else
    say "this machine is no Jetson: a simulated Orin NX with L4T 36.5.0 is judged instead"
    python3 tests/boards/make_board.py orin-r36.5 "$place/board"
    python3 tests/drivers/simulated_driver.py orin-r36.5 "$place/driver" \
        --simulated "$top/build/try/tests/drivers/libcuda.so.1.1" >/dev/null
    cat >"$runner" <<END
#!/bin/sh
exec "$bin/jetcuda-check" --data "$top/config/data" --root "$place/board" --driver "$place/driver/libcuda.so.1.1" "\$@"
END
fi
chmod 755 "$runner"

say "a bus of its own, with the real policy"
mkdir "$place/policy" "$place/state"
# The policy lets the service's user own the name; here that is whoever runs this.
sed "s/user=\"jetcuda-check\"/user=\"$(id -un)\"/" systemd/io.jetcuda.Check1.conf >"$place/policy/io.jetcuda.Check1.conf"
cat >"$place/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$place/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <includedir>$place/policy</includedir>
</busconfig>
END
dbus-daemon --config-file="$place/bus.conf" --nofork --nopidfile 2>"$place/bus.log" &
bus_pid=$!
DBUS_SYSTEM_BUS_ADDRESS=unix:path=$place/bus
export DBUS_SYSTEM_BUS_ADDRESS

# Waits for a path to appear, a tenth of a second at a time.
wait_for() { # PATH SECONDS PID LOG
    tries=$(($2 * 10))
    while [ ! -e "$1" ]; do
        tries=$((tries - 1))
        if [ "$tries" -le 0 ] || ! kill -0 "$3" 2>/dev/null; then
            echo "$1 did not appear; what was said:" >&2
            cat "$4" >&2
            exit 1
        fi
        sleep 0.1
    done
}
wait_for "$place/bus" 10 "$bus_pid" "$place/bus.log"

say "the daemon, jetcuda-checkd"
"$bin/jetcuda-checkd" --runner "$runner" --state-dir "$place/state" 2>"$place/daemon.log" &
daemon_pid=$!
wait_for "$place/state/report.json" 60 "$daemon_pid" "$place/daemon.log"

say "jetcuda-check status"
status=0
"$bin/jetcuda-check" status || status=$?

say "the exit status was $status (0 healthy, 1 degraded, 2 unhealthy, 3 unknown)"
if [ -d "$place/board" ]; then
    # The demo itself worked only if the daemon says of the healthy board that it is healthy.
    [ "$status" -eq 0 ] || {
        cat "$place/daemon.log" >&2
        exit 1
    }
    echo "That was a simulated Orin. On a Jetson, run the same command to have the Jetson judged."
elif [ "$status" -gt 3 ]; then
    exit 1
fi
