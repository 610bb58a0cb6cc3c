# Keeps a throwaway server: takes orders on standard input, and when that ends, because its parent
# said so or died, stops the server and removes the folder.
# Arguments: folder, initdb, initdb's flags in one word, postgres, the server's flags.
home=$1 initdb=$2 init_flags=$3 postgres=$4
shift 4
server=

halt() {
    [ -n "$server" ] || return 0
    kill "-$1" "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}

clean() {
    trap '' HUP INT TERM
    halt QUIT
    rm -rf -- "$home"
}

trap clean EXIT
trap 'exit 1' HUP INT TERM

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
        alive) [ -n "$server" ] && kill -0 "$server" 2>/dev/null ;;
        stop) halt INT ;;
        kill) halt QUIT ;;
    esac
    echo "$?"
done
