#!/usr/bin/env bash
# Builds and tries ChunkSync. Every command does its own set-up.
#   ./build.sh                build the native library into dist/<rid>/
#   ./build.sh run [DB]       page the changes of a database made from the SDK's API documentation, or of a copy of DB
#   ./build.sh run probe [NAMESPACE]   take one namespace of that documentation out of its stored chunks
#   ./build.sh run backfill [DB]   cut its tables into exact pieces, export one with two connections, fill clocks in slices
#   ./build.sh run waiting [DB]    three copies with constraints write at once what does not fit together, and are equal in the end
#   ./build.sh run tree [DB TABLE PARENT_COLUMN]   edit two replicas of an outline at once, and have one tree without cycles in the end
#   ./build.sh demo           show the program chunksync: two databases, an export that is killed, an apply, damage, a report
#   ./build.sh test           build, then run all tests, those with a long variant as a sample
#   ./build.sh soak [MINUTES [NAME]]   build, then run all tests at length: 30 minutes; or those whose soak name contains NAME
#   ./build.sh bench [ARGS]   build, then run the benchmarks (--peer PATH compares with another library)
#   ./build.sh tool           build the program chunksync, one file, into dist/<rid>/bin/, and try it by itself
#   ./build.sh pack           build, then put the packages (NuGet, dotnet tool, wheel, npm, archive) into artifacts/ and try them in empty places
#   ./build.sh test-windows   publish the in-process tests for win-x64, and run them under wine where that is installed
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '\n== %s\n' "$*"; }
# Inside of a subshell whose failure somebody else reports: bash goes on there after a command that fails.
must() { "$@" || exit 1; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

rid() {
  local os arch
  case "$(uname -s)" in Linux) os=linux; ! ldd --version 2>&1 | grep -qi musl || os=linux-musl ;; Darwin) os=osx ;; *) fail "this is not Linux or macOS: use build.ps1" ;; esac
  case "$(uname -m)" in x86_64|amd64) arch=x64 ;; aarch64|arm64) arch=arm64 ;; *) fail "no .NET native library for $(uname -m)" ;; esac
  printf '%s-%s' "$os" "$arch"
}

library_name() { case "$(uname -s)" in Darwin) printf 'chunksync.dylib' ;; *) printf 'chunksync.so' ;; esac; }

# Installs Debian packages where that is allowed; otherwise says what to install.
need_packages() {
  [ "$#" -gt 0 ] || return 0
  local as=()
  if ! command -v apt-get >/dev/null; then fail "please install the equivalents of these Debian packages: $*"; fi
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "please install: sudo apt-get install $*"
    as=(sudo -n)
  fi
  say "installing $*"
  "${as[@]}" apt-get update -qq >/dev/null
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    fail "please install: apt-get install $*"
}

has_static_lz4() { compgen -G '/usr/lib/*/liblz4.a' >/dev/null || [ -e /usr/lib64/liblz4.a ] || [ -e /usr/lib/liblz4.a ]; }

set_up_build() {
  command -v dotnet >/dev/null || fail "the .NET SDK 10 is needed: see https://dot.net"
  local missing=()
  if [ "$(uname -s)" = Linux ]; then
    command -v gcc >/dev/null || missing+=(gcc libc6-dev)
    command -v objcopy >/dev/null || missing+=(binutils)
    has_static_lz4 || missing+=(liblz4-dev)
  fi
  need_packages "${missing[@]}"
}

set_up_tests() {
  set_up_build
  local missing=()
  if [ "$(uname -s)" = Linux ]; then
    command -v sqlite3 >/dev/null || missing+=(sqlite3)
    [ -e /usr/include/sqlite3ext.h ] || missing+=(libsqlite3-dev)
    compgen -G '/usr/lib/*/libsqlite3.so.0' >/dev/null || missing+=(libsqlite3-0)
    compgen -G '/usr/lib/*/liblz4.so.1' >/dev/null || missing+=(liblz4-1)
  fi
  need_packages "${missing[@]}"
}

set_up_bench() {
  set_up_tests
  # Draws the plots; the NuGet registry has no plotting library for every platform.
  command -v gnuplot >/dev/null || need_packages gnuplot-nox
}

build_library() {
  local target="dist/$(rid)" name out
  name=$(library_name)
  say "building $target/$(library_name)"
  out=$(mktemp)
  if ! dotnet publish src/ChunkSync.Extension/ChunkSync.Extension.csproj -c Release -r "$(rid)" -o artifacts/native -v quiet >"$out" 2>&1; then
    cat "$out" >&2
    rm -f "$out"
    fail "the library could not be built"
  fi
  rm -f "$out"
  mkdir -p "$target"
  # A new file, not new bytes in the old one: a process that has the library loaded keeps its own.
  cp "artifacts/native/ChunkSync.Extension.${name##*.}" "$target/.new" && mv -f "$target/.new" "$target/$name"
  ls -l "$target/$name"
}

# One number repeats a run: the seed of all randomised tests, fresh unless it is given.
choose_seed() {
  export CHUNKSYNC_SEED=${CHUNKSYNC_SEED:-$(( (RANDOM << 15 | RANDOM) + 1 ))}
  say "CHUNKSYNC_SEED=$CHUNKSYNC_SEED"
}

# The tests' own configuration is Release; the engine that they reference is built in the configuration Checked (Directory.Build.props).
build_tests() {
  say "building the tests"
  dotnet restore Extension.sln -v quiet
  dotnet build tests/tests.proj --no-restore -m -v quiet -nologo >"$results/build.txt" 2>&1 || { cat "$results/build.txt"; fail "the tests could not be built"; }
}

# What the tests of this run print and count.
start_results() {
  results=$root/artifacts/tests
  rm -rf "$results"
  mkdir -p "$results"
}

# run_project LOG PROJECT [dotnet test arguments]: tests one project; the log, whose name says what it was, goes to the results.
run_project() {
  local log=$results/$1.log project=$2 code=0 failed
  shift 2
  CHUNKSYNC_EFFORTS=$results/efforts.txt dotnet test "tests/$project/$project.csproj" -c Release --no-build -v quiet \
    --logger "console;verbosity=minimal" --blame-hang-timeout "${hang_timeout:-15m}" --blame-hang-dump-type none "$@" >"$log" 2>&1 || code=$?
  failed=$(count Failed "$log")
  # Where nothing matches the filter there is no summary. A run whose process ended before its tests has none either, or one of those before.
  printf '%s: ' "$(basename "$log" .log)"
  grep -E '(Passed|Failed)! +- ' "$log" || grep -o 'No test matches.*filter' "$log" || { printf 'no summary\n'; code=$((code ? code : 1)); }
  ! grep -q '^.*\[FAIL\]' "$log" || cat "$log"
  if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
    printf '%s did not end (exit code %d): one more failed test. The end of its log:\n' "$(basename "$log" .log)" "$code"
    tail -n 30 "$log"
    echo "Failed!  - Failed: 1, Passed: 0, Skipped: 0, Total: 1 (did not end)" >>"$log"
  fi
  [ "$code" -eq 0 ] || echo "$log" >>"$results/failed"
}

# Whether dotnet format would change anything, as one more test. It reads what the builds have restored, and runs beside the tests.
check_format() {
  local log=$results/format.log outcome="Passed!  - Failed: 0, Passed: 1, Skipped: 0, Total: 1"
  if ! dotnet format Extension.sln --no-restore --verify-no-changes >"$log" 2>&1; then
    cat "$log"
    echo "$log" >>"$results/failed"
    outcome="Failed!  - Failed: 1, Passed: 0, Skipped: 0, Total: 1"
  fi
  echo "$outcome" >>"$log"
  echo "format: $outcome"
}

# What was tried, one line for all runs of a test with one SQLite; then the sums. Fails where a test did.
report() {
  if [ -s "$results/efforts.txt" ]; then
    say "tried"
    awk '{
      key = $2 " " $3; if (!(key in order)) { order[key] = ++n; names[n] = key }
      for (i = 4; i <= NF; i++) {
        split($i, pair, "=")
        if (pair[1] == "seed" || pair[1] == "stopped_in_turn") { if (!index(" " texts[key] " ", " " $i " ")) texts[key] = texts[key] " " $i; continue }
        if (!((key, pair[1]) in sums)) units[key] = units[key] " " pair[1]
        sums[key, pair[1]] += pair[2]
      }
    }
    END {
      for (k = 1; k <= n; k++) {
        key = names[k]; split(key, head, " "); line = sprintf("%-24s %-14s", head[1], head[2]); count = split(units[key], unit, " ")
        for (u = 1; u <= count; u++) line = line " " unit[u] "=" sums[key, unit[u]]
        print line texts[key]
      }
    }' "$results/efforts.txt" | sort
  fi
  local passed failed skipped
  passed=$(count Passed "$results"/*.log) failed=$(count Failed "$results"/*.log) skipped=$(count Skipped "$results"/*.log)
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && [ ! -e "$results/failed" ]
}

# The number behind a word in the summary lines "Passed!  - Failed: 0, Passed: 3, Skipped: 0, Total: 3".
count() {
  local word=$1
  shift
  sed -nE "s/.*Failed: +[0-9]+, Passed: .*/&/p" "$@" | sed -nE "s/.*[ -] *$word: +([0-9]+).*/\1/p" | awk '{ n += $1 } END { print n + 0 }'
}

# The tests that run on the oldest and the newest SQLite as well, beside the system's: what hands SQL and bytes to SQLite and looks at what it
# does. A soak run tests everything on all three.
on_every_sqlite="FullyQualifiedName~Fixture|FullyQualifiedName~.Tests.Sqlite.|FullyQualifiedName~.Capture.|FullyQualifiedName~.Cascade"
# Those that take longer run on one of the two, which the seed chooses.
on_another_sqlite="FullyQualifiedName~InterruptionTests"

run_tests() {
  local sqlite filter turn
  choose_seed
  start_results
  build_tests
  say "tests"
  # The tests of the built library wait for other processes most of the time.
  check_format &
  run_project loaded ChunkSync.Loaded.Tests &
  run_project client ChunkSync.Client.Tests
  turn=$((CHUNKSYNC_SEED % 2))
  for sqlite in oldest newest; do
    filter=$on_every_sqlite
    [ "$turn" -eq 0 ] || filter="$filter|$on_another_sqlite"
    CHUNKSYNC_TEST_SQLITE=$sqlite run_project "in-process-$sqlite" ChunkSync.Tests --filter "$filter"
    turn=$((1 - turn))
  done
  wait
  { run_project client-oldest ChunkSync.Client.Oldest.Tests; run_project tool ChunkSync.Tool.Tests
    run_project efcore ChunkSync.EntityFrameworkCore.Tests; run_project efcore-oldest ChunkSync.EntityFrameworkCore.Oldest.Tests; } &
  run_project in-process ChunkSync.Tests
  wait
  report
}

# The short tests once, then the soak tests for what is left of the time: one project on each core, one test after the other.
run_soak() {
  local minutes=${1:-30} only=${2:-} filter=Category=Soak left sqlite
  [[ "$minutes" =~ ^[0-9]+$ ]] || fail "soak: $minutes is no number of minutes"
  [ -z "$only" ] || filter="Category=Soak&Soak~$only"
  export CHUNKSYNC_SOAK_ONLY=$only
  hang_timeout=$((minutes + 15))m
  choose_seed
  start_results
  build_tests
  SECONDS=0
  if [ -z "$only" ]; then
    say "tests without a long variant"
    CHUNKSYNC_ALL_CASES=1 run_project loaded ChunkSync.Loaded.Tests --filter "Category!=Soak"
    CHUNKSYNC_ALL_CASES=1 run_project client ChunkSync.Client.Tests
    CHUNKSYNC_ALL_CASES=1 run_project client-oldest ChunkSync.Client.Oldest.Tests
    CHUNKSYNC_ALL_CASES=1 run_project tool ChunkSync.Tool.Tests --filter "Category!=Soak"
    CHUNKSYNC_ALL_CASES=1 run_project efcore ChunkSync.EntityFrameworkCore.Tests
    CHUNKSYNC_ALL_CASES=1 run_project efcore-oldest ChunkSync.EntityFrameworkCore.Oldest.Tests
    for sqlite in system oldest newest; do
      CHUNKSYNC_ALL_CASES=1 CHUNKSYNC_TEST_SQLITE=$sqlite run_project "in-process-$sqlite" ChunkSync.Tests --filter "Category!=Soak"
    done
  fi
  left=$(awk -v all="$minutes" -v spent="$SECONDS" 'BEGIN { left = all - spent / 60; print (left < 1 ? 1 : left) }')
  say "soak tests, $left minutes"
  # One core for the loaded library, the other for the in-process tests: half of the time on the system's SQLite.
  { CHUNKSYNC_SOAK_MINUTES=$(awk -v left="$left" 'BEGIN { print left * 4 / 5 }') run_project loaded-soak ChunkSync.Loaded.Tests --filter "$filter" -- xUnit.ParallelizeTestCollections=false
    CHUNKSYNC_SOAK_MINUTES=$(awk -v left="$left" 'BEGIN { print left / 5 }') run_project tool-soak ChunkSync.Tool.Tests --filter "$filter" -- xUnit.ParallelizeTestCollections=false; } &
  for sqlite in system:2 oldest:4 newest:4; do
    CHUNKSYNC_TEST_SQLITE=${sqlite%:*} CHUNKSYNC_SOAK_MINUTES=$(awk -v left="$left" -v part="${sqlite#*:}" 'BEGIN { print left / part }') \
      run_project "in-process-soak-${sqlite%:*}" ChunkSync.Tests --filter "$filter" -- xUnit.ParallelizeTestCollections=false
  done
  wait
  report
}

# The program that was built last: the single file, or what runs on the installed runtime.
tool_program() {
  local single="$root/dist/$(rid)/bin/chunksync" folder=$root/artifacts/tool
  if [ -x "$single" ]; then printf '%s' "$single"; return; fi
  dotnet publish src/ChunkSync.Tool/ChunkSync.Tool.csproj -c Release -f "$(sed -nE 's|.*<ToolTfm>(.*)</ToolTfm>.*|\1|p' Directory.Build.props)" -o "$folder" -v quiet -nologo >&2
  [ -x "$folder/chunksync" ] || ln -sf ChunkSync.Tool "$folder/chunksync"
  printf '%s/chunksync' "$folder"
}

run_demo() {
  local folder=$root/artifacts/demo program
  rm -rf "$folder"
  mkdir -p "$folder"
  program=$(tool_program)
  dotnet run --project samples/MainJob -c Release -- "$root/dist/$(rid)/$(library_name)" demo "$folder"
  samples/demo.sh "$folder" "$program" "$root/dist/$(rid)/$(library_name)"
}

# A version out of Directory.Packages.props.
pin() { sed -nE "s|.*$1.*|\1|p" Directory.Packages.props; }

source "$root/tools/program.sh"
source "$root/tools/packages.sh"
source "$root/tools/windows.sh"

case "${1:-}" in
  "") set_up_build; build_library ;;
  tool) set_up_build; build_tool; try_tool ;;
  run) shift; set_up_tests; build_library; dotnet run --project samples/MainJob -c Release -- "$root/dist/$(rid)/$(library_name)" "$@" ;;
  demo) set_up_tests; build_library; run_demo ;;
  test) set_up_tests; build_library; run_tests ;;
  soak) shift; set_up_tests; build_library; run_soak "$@" ;;
  bench) shift; set_up_bench; build_library; dotnet run --project tests/ChunkSync.Bench -c Release -- "$root/dist/$(rid)/$(library_name)" "$@" ;;
  pack)
    set_up_build; build_library
    dotnet pack src/ChunkSync.Client/ChunkSync.Client.csproj -c Release -o artifacts -v quiet
    dotnet pack src/ChunkSync.Tool/ChunkSync.Tool.csproj -c Release -o artifacts -v quiet
    dotnet pack src/ChunkSync.EntityFrameworkCore/ChunkSync.EntityFrameworkCore.csproj -c Release -o artifacts -v quiet
    tar -czf "artifacts/chunksync-$(rid).tar.gz" -C "$root" LICENSE THIRD-PARTY-NOTICES.txt README.md -C "$root/dist/$(rid)" "$(library_name)"
    rm -f artifacts/chunksync-*.whl artifacts/chunksync-*.tgz
    dotnet run --project tools/ChunkSync.Packaging -c Release -- "$root"
    ls -l artifacts/*.nupkg artifacts/*.tar.gz artifacts/*.whl artifacts/*.tgz
    try_packages
    try_dotnet_tool
    try_wheel
    try_npm ;;
  test-windows) set_up_build; test_windows ;;
  *) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
