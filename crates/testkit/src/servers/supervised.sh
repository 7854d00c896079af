# Keeps one server for the process at the other end of the standard input, and ends it and
# its folder when that process is gone, however it went: the pipe closes by itself.
#
#   sh -c '…' sh NAME SIGNAL PROGRAM ARGUMENT…
#
# NAME begins the folder's name, SIGNAL ends the server at once. Says the folder, then takes
# orders and answers each: start (ready, failed), stop SIGNAL (stopped).

# The process may be gone when it is answered.
trap '' PIPE
name=$1 last=$2
shift 2

folder=$(mktemp -d "${TMPDIR:-/tmp}/greenroom-$name-XXXXXX") || exit
cd "$folder" || exit
unprivileged=
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root.
    user=nobody
    if id postgres >/dev/null 2>&1; then user=postgres; fi
    chown "$user" .
    unprivileged="setpriv --reuid=$(id -u "$user") --regid=$(id -g "$user") --clear-groups"
fi
echo "$folder"

server=

# A shell learns that its child has ended while it waits for another: here for grep or sleep.
is_ready() {
    tries=1500
    until grep -qi 'ready to accept connections' log; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$server" 2>/dev/null; then return 1; fi
        sleep 0.02
    done
}

stop() {
    if [ -n "$server" ]; then
        kill -s "$1" "$server"
        wait "$server"
        server=
    fi 2>/dev/null
}

while read -r order signal; do
    case $order in
    start)
        # Emptied first: what it said when it was ready last must not be read again.
        : >log
        $unprivileged "$@" </dev/null >>log 2>&1 &
        server=$!
        if is_ready; then
            echo ready
        else
            stop "$last"
            echo failed
        fi
        ;;
    stop)
        stop "$signal"
        echo stopped
        ;;
    esac
done 2>/dev/null

stop "$last"
cd /
rm -rf "$folder"
