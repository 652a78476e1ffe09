#!/usr/bin/env bash
# Builds and tries ChunkSync. Every command does its own set-up.
#   ./build.sh                build the native library into dist/<rid>/
#   ./build.sh run [DB]       page the changes of a database made from the SDK's API documentation, or of a copy of DB
#   ./build.sh test           build, then run all tests
#   ./build.sh bench [ARGS]   build, then run the benchmarks (--peer PATH compares with another library)
#   ./build.sh pack           build, then put the packages into artifacts/
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

rid() {
  local os arch
  case "$(uname -s)" in Linux) os=linux ;; Darwin) os=osx ;; *) fail "this is not Linux or macOS: use build.ps1" ;; esac
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

run_tests() {
  local passed=0 failed=0 skipped=0 status=0 log project
  log=$(mktemp)
  for project in tests/*.Tests/*.Tests.csproj; do
    say "$project"
    dotnet test "$project" -c Release -v quiet --logger "console;verbosity=minimal" --blame-hang-timeout 15m --blame-hang-dump-type none 2>&1 | tee "$log" || status=1
    passed=$((passed + $(count Passed "$log")))
    failed=$((failed + $(count Failed "$log")))
    skipped=$((skipped + $(count Skipped "$log")))
  done
  rm -f "$log"
  [ "$failed" -eq 0 ] || status=1
  [ "$passed" -gt 0 ] || status=1
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  return "$status"
}

# The number behind a word in the summary lines "Passed!  - Failed: 0, Passed: 3, Skipped: 0, Total: 3".
count() { sed -nE "s/.*Failed: +[0-9]+, Passed: .*/&/p" "$2" | sed -nE "s/.*[ -] *$1: +([0-9]+).*/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }

case "${1:-}" in
  "") set_up_build; build_library ;;
  run) shift; set_up_tests; build_library; dotnet run --project samples/MainJob -c Release -- "$root/dist/$(rid)/$(library_name)" "$@" ;;
  test) set_up_tests; build_library; run_tests ;;
  bench) shift; set_up_bench; build_library; dotnet run --project tests/ChunkSync.Bench -c Release -- "$root/dist/$(rid)/$(library_name)" "$@" ;;
  pack)
    set_up_build; build_library
    dotnet pack src/ChunkSync/ChunkSync.csproj -c Release -o artifacts -v quiet
    tar -czf "artifacts/chunksync-$(rid).tar.gz" -C "$root" LICENSE README.md -C "$root/dist/$(rid)" "$(library_name)"
    ls -l artifacts/*.nupkg artifacts/*.tar.gz ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
