# shellcheck shell=bash
# Part of build.sh: the in-process tests for win-x64, under wine.

# Tests that are left out because of wine, each with the reason: CLASS.METHOD=REASON.
not_under_wine=()

# Windows as far as it can be seen from here: the in-process tests as a program for win-x64, under wine where that is installed; one process for each
# folder. Where wine does not bring that to its end, its classes run one by one, and what was running then is named: a test that fails may hang there
# instead, because an exception that leaves it is never caught.
test_windows() {
  local program folders folder class log entry without=()
  program=$root/artifacts/windows
  log=$(mktemp)
  say "publishing the in-process tests for win-x64"
  dotnet publish tests/ChunkSync.Windows -c Release -r win-x64 --self-contained -o "$program" -v quiet -nologo
  command -v wine >/dev/null || { echo "test-windows: skipped, wine is not installed; the program is in $program"; return; }
  # Pages that are writable and executable by turns end the process under wine 8; with on-stack replacement the longest tests of trees did, too.
  export WINEDEBUG=-all DOTNET_EnableWriteXorExecute=0 DOTNET_TC_OnStackReplacement=0 CHUNKSYNC_TEST_SQLITE=newest
  # A prefix of its own, as Windows 10.
  WINEPREFIX=$(mktemp -d)
  export WINEPREFIX
  wine winecfg -v win10 >/dev/null 2>&1
  for entry in "${not_under_wine[@]}"; do
    without+=("-${entry%%=*}")
    printf 'left out: %s: %s\n' "${entry%%=*}" "${entry#*=}"
  done
  run_classes() { (cd "$program" && timeout -k 10 "$1" wine ChunkSync.Windows.exe "${@:2}" "${without[@]}" 2>/dev/null </dev/null | tr -d '\r' >"$log") || true; }
  has_ended() { tail -1 "$log" | grep -q ' passed, '; }
  local classes passed=0 failed=0 skipped=0 ended=0
  (cd "$program" && timeout 60 wine ChunkSync.Windows.exe --list 2>/dev/null </dev/null | tr -d '\r' >"$log") || true
  mapfile -t classes <"$log"
  [ "${#classes[@]}" -gt 0 ] || fail "the program does not start under wine"
  folders=$(printf '%s\n' "${classes[@]}" | sed -E 's/\.[^.]*$//' | sort -u)
  for folder in $folders; do
    local members=() group p f s of_folder=(0 0 0)
    for class in "${classes[@]}"; do [ "${class%.*}" != "$folder" ] || members+=("$class"); done
    run_classes 400 "${members[@]}"
    if has_ended; then group=("${members[*]}"); else group=("${members[@]}"); fi
    for class in "${group[@]}"; do
      [ "$class" = "${members[*]}" ] && has_ended || run_classes 120 "$class"
      if ! has_ended; then
        ended=$((ended + 1))
        printf 'did not come to its end under wine: %s, while these ran: %s\n' "$class" "$(running "$log")"
        continue
      fi
      grep -a -A3 '^\[FAIL\]' "$log" || true
      read -r p f s < <(tail -1 "$log" | sed -E 's/([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped/\1 \2 \3/')
      of_folder=($((of_folder[0] + p)) $((of_folder[1] + f)) $((of_folder[2] + s)))
    done
    printf '%-32s %d passed, %d failed, %d skipped\n' "$folder" "${of_folder[@]}"
    passed=$((passed + of_folder[0])) failed=$((failed + of_folder[1])) skipped=$((skipped + of_folder[2]))
  done
  printf '\nwin-x64 under %s: %d passed, %d failed, %d skipped, %d left out; %d classes did not come to their end\n' \
    "$(wine --version)" "$passed" "$failed" "$skipped" "${#not_under_wine[@]}" "$ended"
  wineserver -k 2>/dev/null || true
  rm -rf "$WINEPREFIX" "$log"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# The tests that a log says have begun, and not that they have ended.
running() {
  awk '/^\[BEGIN\] /{ on[substr($0, 9)] = 1 } /^\[END\] /{ delete on[substr($0, 7)] } END { for (name in on) printf "%s%s", sep, name, sep = ", " }' "$1" | cut -c1-400
}
