# Keeps a throwaway server: takes orders on standard input, and when that ends, because its parent
# said so or died, stops the server and removes the folder.
# Arguments: folder, initdb, initdb's flags in one word, postgres, the server's flags.
home=$1 initdb=$2 init_flags=$3 postgres=$4
shift 4
server=

# Stops the server by a signal; one that does not heed it for so many tenths of a second is killed.
# sh starts it deaf to INT and QUIT, so a signal that comes before the server listens is lost: it
# is sent again and again.
halt() {
    [ -n "$server" ] || return 0
    (
        tries=$2
        while [ "$tries" -gt 0 ]; do
            sleep 0.1
            kill -s "$1" "$server" || exit
            tries=$((tries - 1))
        done
        # Its children are in sessions of their own, and a busy one does not notice its end.
        children=$(ps -A -o ppid= -o pid= | while read -r parent child; do
            [ "$parent" != "$server" ] || echo "$child"
        done)
        # shellcheck disable=SC2086
        kill -s KILL "$server" $children
    ) >/dev/null 2>&1 </dev/null &
    nudge=$!
    kill -s "$1" "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    ended=$?
    kill -s KILL "$nudge" 2>/dev/null
    wait "$nudge" 2>/dev/null
    server=
    return "$ended"
}

clean() {
    trap '' HUP INT QUIT TERM PIPE
    halt QUIT 30
    # What still ran may have written once more.
    rm -rf -- "$home" || { sleep 0.5 && rm -rf -- "$home"; }
}

trap clean EXIT
# PIPE comes when the parent dies while an order is carried out.
trap 'exit 1' HUP INT QUIT TERM PIPE

while read -r order; do
    case $order in
        init)
            # The flags are ours and hold no spaces of their own.
            # shellcheck disable=SC2086
            "$initdb" -D "$home/data" $init_flags >>"$home/log" 2>&1 </dev/null
            ;;
        start)
            "$postgres" -D "$home/data" -k "$home" "$@" >>"$home/log" 2>&1 </dev/null &
            server=$!
            ;;
        alive)
            # A child that ended answers to `kill -0` until it is waited for; this waits.
            (:)
            [ -n "$server" ] && kill -0 "$server" 2>/dev/null
            ;;
        # A clean stop writes everything down, which may take its time.
        stop) halt INT 300 ;;
        kill) halt QUIT 30 ;;
    esac
    echo "$?"
done
