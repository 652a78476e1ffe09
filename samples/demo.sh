#!/usr/bin/env bash
# Shows the program chunksync on real data. Every line behind a $ can be pasted into a terminal in the folder of the demonstration.
#   demo.sh FOLDER PROGRAM LIBRARY    FOLDER has desk.db and phone.db, untracked, and nothing else; PROGRAM is chunksync; LIBRARY the extension
set -euo pipefail
folder=$1 program=$2 library=$3
PATH=$(dirname "$program"):$PATH
cd "$folder"
rows=()

# step TEXT LINE [CODE]: says what comes, shows the line, runs it. An exit code that is not CODE ends the demonstration.
step() {
  local text=$1 line=$2 expected=${3:-0} code=0 began ended
  printf '\n# %s\n$ %s\n' "$text" "$line"
  began=$(date +%s%N)
  bash -c "$line" || code=$?
  ended=$(date +%s%N)
  if [ "$code" -ne "$expected" ]; then
    printf 'demo: exit code %d, expected was %d\n' "$code" "$expected" >&2
    exit 1
  fi
  rows+=("$(awk -v ns=$((ended - began)) 'BEGIN { printf "%8.2f s", ns / 1e9 }')  $text")
}

has_command() { chunksync --help | grep -qE "^  $1 "; }

printf 'The folder is %s\n' "$PWD"
step "Which tables could be tracked?" "chunksync init desk.db"
step "Track both, and give the rows that are there their clocks" "chunksync init desk.db files members --sliced && chunksync init phone.db files members"
step "What is in the database now?" "chunksync status desk.db"
step "What would a send be?" "chunksync plan desk.db --chunk-size 256K | tail -n 2"
step "Export it, and kill the program in the middle" \
  'chunksync chunks desk.db --out export --chunk-size 256K & until [ "$(ls export/c 2>/dev/null | wc -l)" -ge 100 ]; do sleep 0.01; done; kill -9 $!; wait $! 2>/dev/null; ls export/c | wc -l'
step "The same command again goes on where it was" "chunksync chunks desk.db --out export --chunk-size 256K"
step "And once more: nothing is left to do" "chunksync chunks desk.db --out export --chunk-size 256K"
step "Take it into the other database" "chunksync apply phone.db export --receive"
step "Are they equal?" "chunksync verify desk.db phone.db"
step "Write on both sides, and exchange it through a folder" \
  "sqlite3 desk.db '.load $library' \"UPDATE members SET summary = 'written at the desk' WHERE id IN (SELECT id FROM members ORDER BY id LIMIT 3)\" && sqlite3 phone.db '.load $library' \"DELETE FROM members WHERE id IN (SELECT id FROM members ORDER BY id LIMIT 2 OFFSET 5)\" && mkdir -p shared && chunksync sync desk.db shared && chunksync sync phone.db shared && chunksync sync desk.db shared && chunksync verify desk.db phone.db"
step "Damage the other database: an index goes, and a row loses its clocks" \
  "sqlite3 phone.db 'DROP INDEX members_cloudsync_pos_idx' 'DELETE FROM members_cloudsync WHERE pk = (SELECT pk FROM members_cloudsync LIMIT 1)'"
step "What is wrong with it, and what cures it?" "chunksync doctor phone.db --deep" 1
step "Which rows differ, and whose change won?" "chunksync diff desk.db phone.db --limit 5" 1
! has_command report || step "Everything about it on one page" "chunksync report desk.db --out report.html --timed"

printf '\n# What it took\n'
printf '%s\n' "${rows[@]}"
printf '\n# What is there\n'
for file in desk.db phone.db export shared report.html; do
  [ ! -e "$file" ] || printf '%8s  %s\n' "$(du -sh "$file" | cut -f1)" "$PWD/$file"
done
