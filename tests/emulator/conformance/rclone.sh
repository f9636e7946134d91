#!/bin/bash
# rclone against a running emulator: rclone.sh http://127.0.0.1:PORT
#
# rclone's Box hosts are fixed and https only. So this, as root, ends TLS with
# a throw-away authority on an address of its own in 127/8 and lets only this
# process tree (a private mount namespace) find Box's hosts there. Nothing
# outside changes. Credentials: the emulator's defaults, or $CLIENT_ID,
# $CLIENT_SECRET, $ENTERPRISE_ID.
set -euo pipefail

base=${1:?usage: rclone.sh BASE_URL}
base=${base%/}
here=$(cd "$(dirname "$0")" && pwd)
proxy_address=127.84.77.1
hosts="api.box.com upload.box.com app.box.com account.box.com dl.boxcloud.com"

if [ -z "${RCLONE_SH_INSIDE:-}" ]; then
    RCLONE_SH_INSIDE=1 exec unshare --mount "$0" "$@"
fi

work=$(mktemp -d)
proxy=
finish() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

make_certificate() {
    local names=
    for host in $hosts; do names="$names,DNS:$host"; done
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=emulated box" \
        -keyout "$work/key.pem" -out "$work/cert.pem" \
        -addext "subjectAltName=${names#,}" 2>/dev/null
}

find_hosts_here() {
    cp /etc/hosts "$work/hosts"
    for host in $hosts; do echo "$proxy_address $host" >> "$work/hosts"; done
    mount --bind "$work/hosts" /etc/hosts
}

start_proxy() {
    mkfifo "$work/ready"
    python3 "$here/tls_proxy.py" "$proxy_address:443" "${base#http://}" \
        "$work/cert.pem" "$work/key.pem" > "$work/ready" &
    proxy=$!
    read -r _ < "$work/ready"
}

mint_token() {
    curl -sS --fail-with-body "$base/oauth2/token" \
        -d grant_type=client_credentials -d box_subject_type=enterprise \
        -d "client_id=${CLIENT_ID:-emulated-client}" \
        -d "client_secret=${CLIENT_SECRET:-emulated-secret}" \
        -d "box_subject_id=${ENTERPRISE_ID:-877840855}" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
}

make_tree() {
    mkdir -p "$work/local/a/deep/er" "$work/local/ünïcode" "$work/local/empty dir"
    printf 'one' > "$work/local/one.txt"
    printf 'two' > "$work/local/a/two words.txt"
    printf '' > "$work/local/a/nothing"
    head -c 300000 /dev/urandom > "$work/local/a/deep/random.bin"
    printf 'x' > "$work/local/a/deep/er/<odd> \"name\"?*|.txt"
    printf 'ü' > "$work/local/ünïcode/ß.txt"
    for number in $(seq 1 120); do echo "$number" > "$work/local/ünïcode/many $number"; done
    find "$work/local" -exec touch -d '2024-05-01T10:00:00Z' {} +
}

passed=0 failed=0
ok() {
    if "${@:2}"; then
        passed=$((passed + 1)); echo "ok      $1"
    else
        failed=$((failed + 1)); echo "FAILED  $1"
    fi
}

run() { rclone --retries 1 --low-level-retries 2 "$@"; }
# What rclone says that it transferred.
transferred() { run copy -v --stats 1h "$work/local" "emu:$root" 2>&1 | grep -c ': Copied (' || true; }

copies_all() { [ "$(transferred)" = 126 ]; }
copies_none() { [ "$(transferred)" = 0 ]; }
copies_one() { echo changed > "$work/local/one.txt"; [ "$(transferred)" = 1 ]; }
lists_all() { diff <(cd "$work/local" && find . -type f | sed 's|^\./||' | sort) <(run lsf -R --files-only "emu:$root" | sort); }
checks() { run check "$work/local" "emu:$root" 2>"$work/check" || { cat "$work/check"; false; }; }
hashes() { diff <(cd "$work/local" && sha1sum one.txt) <(run hashsum SHA1 "emu:$root/one.txt"); }
keeps_times() { [ "$(run lsl "emu:$root/a/deep/random.bin" | awk '{print $2, $3}' | cut -c1-19)" = "$(TZ=${TZ:-} date -d 2024-05-01T10:00:00Z '+%Y-%m-%d %H:%M:%S')" ]; }
reads_back() { cmp "$work/local/a/deep/random.bin" <(run cat "emu:$root/a/deep/random.bin"); }
reads_a_part() { [ "$(run cat --offset 1 --count 1 "emu:$root/a/two words.txt")" = w ]; }
renames() { run moveto "emu:$root/a/two words.txt" "emu:$root/a/renamed.txt" && [ "$(run cat "emu:$root/a/renamed.txt")" = two ]; }
# rclone moves a folder with `name` and `parent` in one request, which Box's
# specification refuses; the emulator has a switch for the other answer.
refuses_folder_move() { { run move "emu:$root/a/deep" "emu:$root/deep" 2>&1 || true; } | grep -q operation_limit_exceeded; }
retouches() { touch -d 2020-01-01T00:00:00Z "$work/local/one.txt"; [ "$(transferred)" -ge 0 ]; run lsl "emu:$root/one.txt" | grep -q 2020-01-01; }
# One version of a file, one name less: nothing is sent again.
renames_case() { run moveto "emu:$root/a/renamed.txt" "emu:$root/a/RENAMED.txt" && run lsf "emu:$root/a" | grep -qx RENAMED.txt; }
moves_up() { run moveto "emu:$root/a/RENAMED.txt" "emu:$root/moved.txt" && [ "$(run cat "emu:$root/moved.txt")" = two ] && ! run lsf "emu:$root/a" | grep -q -i renamed; }
copies_there() { run copyto "emu:$root/moved.txt" "emu:$root/copied.txt" && [ "$(run cat "emu:$root/copied.txt")" = two ] && run lsl "emu:$root/copied.txt" | grep -q '2024-05-01 10:00:00'; }
# The trash is the whole account's; rclone empties it.
cleans_up() { run cleanup emu: && [ "$(trashed)" = 0 ]; }
trashed() {
    curl -sS --fail-with-body "$base/2.0/folders/trash/items" -H "Authorization: Bearer $RCLONE_CONFIG_EMU_ACCESS_TOKEN" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["total_count"])'
}
fills_the_trash() { [ "$(trashed)" -gt 0 ]; }
deletes() { run deletefile "emu:$root/a/nothing" && ! run lsf "emu:$root/a" | grep -qx nothing; }
purges() { run purge "emu:$root" && ! run lsf emu: | grep -qx "$root/"; }
# Above 50 MiB rclone opens an upload session: 60 MB are eight parts.
in_parts() { [ "$(run copy -vv "$work/large" "emu:$root/large" 2>&1 | tee "$work/log" | grep -c 'large.bin: Uploading part ')" = 8 ] || { cat "$work/log"; false; }; }
copies_large() {
    mkdir -p "$work/large" && head -c 60000000 /dev/urandom > "$work/large/large.bin"
    touch -d '2024-05-01T10:00:00Z' "$work/large/large.bin"
    in_parts && run check "$work/large" "emu:$root/large" 2>"$work/check" || { cat "$work/check"; false; }
}
keeps_large_times() { run lsl "emu:$root/large/large.bin" | grep -q '60000000 2024-05-01 10:00:00'; }
renews_large() { printf x >> "$work/large/large.bin"; in_parts && cmp "$work/large/large.bin" <(run cat "emu:$root/large/large.bin"); }
tells_quota() { run about emu: | grep -q Total; }

make_certificate
find_hosts_here
start_proxy
make_tree
root="rclone $$"
export SSL_CERT_FILE=$work/cert.pem RCLONE_CONFIG=$work/rclone.conf TZ=UTC
export RCLONE_CONFIG_EMU_TYPE=box RCLONE_CONFIG_EMU_ACCESS_TOKEN
RCLONE_CONFIG_EMU_ACCESS_TOKEN=$(mint_token)
: > "$RCLONE_CONFIG"

run mkdir "emu:$root"
ok "copies 126 files" copies_all
ok "lists them" lists_all
ok "checks their hashes" checks
ok "copies nothing again" copies_none
ok "tells a hash" hashes
ok "keeps the dates" keeps_times
ok "reads back" reads_back
ok "reads a part" reads_a_part
ok "copies one new version" copies_one
ok "changes a date only" retouches
ok "renames" renames
ok "renames in case only" renames_case
ok "moves a file" moves_up
ok "copies on Box" copies_there
ok "is refused a folder move" refuses_folder_move
ok "deletes" deletes
ok "copies a large file in parts" copies_large
ok "keeps its date" keeps_large_times
ok "copies a new version of it in parts" renews_large
ok "tells the quota" tells_quota
ok "purges" purges
ok "finds it in the trash" fills_the_trash
ok "empties the trash" cleans_up
echo "$passed passed, $failed failed ($(rclone version | head -n 1))"
[ "$failed" = 0 ]
