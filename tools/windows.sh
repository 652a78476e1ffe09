# shellcheck shell=bash
# Part of build.sh: the in-process tests for win-x64, under wine.

# Windows as far as it can be seen from here: the in-process tests as a program for win-x64, under wine where that is installed. A class whose
# process wine does not bring to its end is named and counted for itself.
test_windows() {
  local program folders folder class log
  program=$root/artifacts/windows
  log=$(mktemp)
  say "publishing the in-process tests for win-x64"
  dotnet publish tests/ChunkSync.Windows -c Release -r win-x64 --self-contained -o "$program" -v quiet -nologo
  command -v wine >/dev/null || { echo "test-windows: skipped, wine is not installed; the program is in $program"; return; }
  export WINEDEBUG=-all DOTNET_EnableWriteXorExecute=0 CHUNKSYNC_TEST_SQLITE=newest
  # A prefix of its own, as Windows 10.
  WINEPREFIX=$(mktemp -d)
  export WINEPREFIX
  wine winecfg -v win10 >/dev/null 2>&1
  run_classes() { (cd "$program" && timeout "$1" wine ChunkSync.Windows.exe "${@:2}" 2>/dev/null | tr -d '\r' >"$log") || true; }
  run_classes 60 --list
  local classes passed=0 failed=0 skipped=0 ended=0
  mapfile -t classes <"$log"
  [ "${#classes[@]}" -gt 0 ] || fail "the program does not start under wine"
  folders=$(printf '%s\n' "${classes[@]}" | sed -E 's/\.[^.]*$//' | sort -u)
  for folder in $folders; do
    local members=() group
    for class in "${classes[@]}"; do [ "${class%.*}" != "$folder" ] || members+=("$class"); done
    run_classes 600 "${members[@]}"
    if tail -1 "$log" | grep -q ' passed, '; then
      group=("${members[*]}")
    else
      group=("${members[@]}")
    fi
    for class in "${group[@]}"; do
      [ "${#group[@]}" -eq 1 ] && tail -1 "$log" | grep -q ' passed, ' || run_classes 200 "$class"
      if ! tail -1 "$log" | grep -q ' passed, '; then
        ended=$((ended + 1))
        echo "did not come to its end under wine: $class"
        continue
      fi
      grep -A3 '^\[FAIL\]' "$log" || true
      read -r p f s < <(tail -1 "$log" | sed -E 's/([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped/\1 \2 \3/')
      passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
      [ "${#group[@]}" -gt 1 ] || printf '%-32s %d passed, %d failed, %d skipped\n' "$folder" "$p" "$f" "$s"
    done
  done
  printf '\nwin-x64 under %s: %d passed, %d failed, %d skipped; %d classes did not come to their end\n' "$(wine --version)" "$passed" "$failed" "$skipped" "$ended"
  rm -rf "$WINEPREFIX" "$log"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
