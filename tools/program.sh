# shellcheck shell=bash
# Part of build.sh: the program chunksync as one file.

# The static library of the system's SQLite, which the program has inside.
sqlite_archive() {
  local archive
  for archive in /usr/lib/"$(uname -m)"-*/libsqlite3.a /usr/lib64/libsqlite3.a /usr/lib/libsqlite3.a /opt/homebrew/opt/sqlite/lib/libsqlite3.a; do
    [ ! -e "$archive" ] || { printf '%s' "$archive"; return; }
  done
}

build_tool() {
  local target="dist/$(rid)/bin" out archive
  archive=$(sqlite_archive)
  if [ -z "$archive" ]; then
    need_packages libsqlite3-dev
    archive=$(sqlite_archive)
  fi
  [ -n "$archive" ] || fail "there is no libsqlite3.a, which the program has inside"
  say "building $target/chunksync with $archive"
  out=$(mktemp)
  if ! dotnet publish src/ChunkSync.Tool/ChunkSync.Tool.csproj -f "$(aot_tfm)" -c Release -r "$(rid)" -o artifacts/tool-native -p:SqliteArchive="$archive" -v quiet >"$out" 2>&1 ||
    grep -q 'warning' "$out"; then
    cat "$out" >&2
    rm -f "$out"
    fail "the program could not be built"
  fi
  rm -f "$out"
  mkdir -p "$target"
  cp artifacts/tool-native/ChunkSync.Tool "$target/.new" && mv -f "$target/.new" "$target/chunksync"
  ls -l "$target/chunksync"
}

aot_tfm() { sed -nE 's|.*<AotTfm>(.*)</AotTfm>.*|\1|p' Directory.Build.props; }

largest_tool=$((24 << 20))

# The program in a folder of its own with an empty environment; as root, also with no other file than the libraries that it names.
try_tool() {
  local program=$root/dist/$(rid)/bin/chunksync folder size libraries library begin milliseconds
  say "the program by itself"
  size=$(wc -c <"$program")
  [ "$size" -le "$largest_tool" ] || fail "the program has $size bytes: more than $largest_tool"
  if [ "$(uname -s)" = Linux ]; then
    libraries=$(ldd "$program" | sed -nE 's|^[[:space:]]*([^ ]+).*|\1|p' | grep -Ev '^(linux-vdso|/lib.*ld-linux|ld-musl)' | tr '\n' ' ')
    printf 'needs: %s\n' "$libraries"
    [ -z "$(printf '%s' "$libraries" | tr ' ' '\n' | grep -Ev '^lib(c|m)\.(so\.6|musl.*)$' || true)" ] || fail "the program needs more than libc and libm"
  fi
  folder=$(mktemp -d)
  cp "$program" "$folder/"
  cp tests/fixtures/oversized.db "$folder/shop.db"
  (
    must cd "$folder"
    must env -i ./chunksync --version
    begin=$(date +%s%N)
    for _ in 1 2 3 4 5 6 7 8 9 10; do env -i ./chunksync --version >/dev/null; done
    milliseconds=$((($(date +%s%N) - begin) / 10000000))
    printf -- '--version takes %d ms, the file has %d bytes\n' "$milliseconds" "$size"
    [ "$milliseconds" -le 30 ] || echo "that is more than 30 ms: was the machine busy?"
    must env -i ./chunksync status shop.db
    must env -i ./chunksync chunks shop.db --out export --chunk-size 256K
    must env -i ./chunksync verify shop.db --paging --every-cut --chunk-size 256K
    must env -i ./chunksync doctor shop.db --fix --deep
    must env -i ./chunksync report shop.db --out report.html --timed
    must cp shop.db copy.db
    must env -i ./chunksync apply copy.db export --no-checkpoint
    must env -i ./chunksync verify shop.db copy.db
    if [ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ]; then
      mkdir -p alone/tmp
      must cp chunksync shop.db copy.db alone/
      ldd chunksync | grep -oE '/[^ ]+' | while read -r library; do mkdir -p "alone$(dirname "$library")"; cp -L "$library" "alone$library"; done
      must env -i "$(command -v chroot)" alone /chunksync chunks /shop.db --out /export
      must env -i "$(command -v chroot)" alone /chunksync apply /copy.db /export --no-checkpoint --json
    fi
  ) || fail "the program does not work by itself; it is in $folder"
  rm -rf "$folder"
}
