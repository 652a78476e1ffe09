# shellcheck shell=bash
# Part of build.sh: tries the packages that were made, each in an empty place.

# The packages that were made, those of this machine, and the registry.
write_nuget_config() {
  cat >"$1/nuget.config" <<END
<configuration>
  <packageSources>
    <clear />
    <add key="made" value="$root/artifacts" />
    <add key="here" value="$2" />
    <add key="nuget.org" value="https://api.nuget.org/v3/index.json" />
  </packageSources>
</configuration>
END
}

# publish_and_run FOLDER [PUBLISH ARGUMENTS]: publishes the project there, without a warning, with a package cache of its own, runs it, and removes the folder.
publish_and_run() {
  local folder=$1 out=$1/log.txt
  shift
  if ! (cd "$folder" && NUGET_PACKAGES=$folder/packages dotnet publish -c Release -o "$folder/out" -v quiet -nologo "$@" >"$out" 2>&1) || grep -q 'warning' "$out"; then
    cat "$out" >&2
    fail "the package cannot be used; the project is in $folder"
  fi
  (cd "$folder/out" && ./App -) || fail "the package does not work; the program is in $folder/out"
  rm -rf "$folder"
}

product_version() { sed -nE 's|.*<Version>(.*)</Version>.*|\1|p' Directory.Build.props; }

# try_project SAMPLE TFM REFERENCES [PUBLISH ARGUMENTS]: an empty project outside of the repository, with a package cache of its own, that takes our packages
# from artifacts/ and everything else from this machine's packages or the registry; builds, publishes and runs samples/SAMPLE with it. REFERENCES are
# words NAME=VERSION, exact versions.
try_project() {
  local sample=$1 tfm=$2 references=$3 folder reference
  shift 3
  folder=$(mktemp -d)
  cp "samples/$sample/Program.cs" "$folder/"
  write_nuget_config "$folder" "$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')"
  {
    cat <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>$tfm</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <InvariantGlobalization>true</InvariantGlobalization>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <IlcTreatWarningsAsErrors>true</IlcTreatWarningsAsErrors>
    <TrimmerSingleWarn>false</TrimmerSingleWarn>
    <NuGetAudit>false</NuGetAudit>
    <NoWarn>NETSDK1206</NoWarn>
  </PropertyGroup>
  <ItemGroup>
END
    for reference in $references; do printf '    <PackageReference Include="%s" Version="[%s]" />\n' "${reference%=*}" "${reference#*=}"; done
    printf '  </ItemGroup>\n</Project>\n'
  } >"$folder/App.csproj"
  say "an empty project with $references ($tfm${1:+, $*})"
  publish_and_run "$folder" "$@"
}

# try_package TFM PROVIDER SQLITE [PUBLISH ARGUMENTS]
try_package() {
  local tfm=$1 provider=$2 sqlite=$3
  shift 3
  try_project Aot "$tfm" "ChunkSync=$(product_version) Microsoft.Data.Sqlite.Core=$provider SQLitePCLRaw.bundle_e_sqlite3=$sqlite SQLitePCLRaw.core=$sqlite" "$@"
}

# try_efcore VERSION EXTENSIONS SQLITE
try_efcore() {
  try_project EfCore net10.0 "ChunkSync.EntityFrameworkCore=$(product_version) Microsoft.EntityFrameworkCore.Sqlite.Core=$1 Microsoft.Data.Sqlite.Core=$1 \
Microsoft.Extensions.Caching.Memory=$2 Microsoft.Extensions.DependencyModel=$2 SQLitePCLRaw.bundle_e_sqlite3=$3 SQLitePCLRaw.core=$3"
}

# The oldest and the newest packages it takes; trimmed, and compiled ahead of time.
try_packages() {
  local newest oldest provider
  newest=$(pin '<PackageVersion Include="SQLitePCLRaw.core" Version="(.*)" />')
  provider=$(pin '<PackageVersion Include="Microsoft.Data.Sqlite.Core" Version="(.*)" />')
  oldest=$(pin '<OldestSqlite>(.*)</OldestSqlite>')
  try_package net10.0 "$provider" "$newest"
  try_package net10.0 "$(pin '<OldestDataSqlite>(.*)</OldestDataSqlite>')" "$oldest"
  try_package net9.0 "$provider" "$newest" -r "$(rid)" --self-contained -p:PublishTrimmed=true
  try_package net9.0 "$provider" "$newest" -r "$(rid)" -p:PublishAot=true
  try_efcore "$(pin '<PackageVersion Include="Microsoft.EntityFrameworkCore.Sqlite.Core" Version="(.*)" />')" \
    "$(pin '<PackageVersion Include="Microsoft.Extensions.Caching.Memory" Version="(.*)" />')" "$newest"
  try_efcore "$(pin '<OldestEntityFramework>(.*)</OldestEntityFramework>')" "$(pin '<OldestExtensions>(.*)</OldestExtensions>')" "$newest"
}

# A Python whose sqlite3 loads extensions; nothing where there is none.
find_python() {
  local python
  for python in python3 /usr/bin/python3 /usr/local/bin/python3; do
    if command -v "$python" >/dev/null && "$python" -c 'import sqlite3; sqlite3.connect(":memory:").enable_load_extension' 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
}

# The wheel in an environment of its own, with an empty environment around it.
try_wheel() {
  local python folder
  say "the wheel in a new environment"
  python=$(find_python)
  [ -n "$python" ] || { echo "wheel: skipped, no Python here whose sqlite3 loads extensions"; return; }
  folder=$(mktemp -d)
  if "$python" -m venv "$folder/env" >"$folder/log.txt" 2>&1; then
    "$folder/env/bin/python" -m pip install --quiet --no-index --disable-pip-version-check artifacts/chunksync-*.whl || fail "the wheel cannot be installed"
    python=$folder/env/bin/python
  else
    # Without pip a wheel is unpacked, which is what installing it comes to.
    "$python" -m zipfile -e artifacts/chunksync-*.whl "$folder/env"
  fi
  (cd "$folder" && env -i PYTHONPATH="$folder/env" "$python" "$root/tests/packages/wheel.py") || fail "the wheel does not work; it is in $folder"
  rm -rf "$folder"
}

# The npm packages in an empty folder, with better-sqlite3 where that installs.
try_npm() {
  local folder
  say "the npm package in an empty folder"
  command -v npm >/dev/null || { echo "npm package: skipped, no npm here"; return; }
  folder=$(mktemp -d)
  # The package of the platform first: the registry need not have it.
  (cd "$folder" && echo '{"private": true}' >package.json && npm install --silent --no-audit --no-fund --offline \
    "$root"/artifacts/chunksync-"$(rid)"-[0-9]*.tgz "$root"/artifacts/chunksync-[0-9]*.tgz) || fail "the npm packages cannot be installed; they are in $folder"
  if ! (cd "$folder" && npm install --silent --no-audit --no-fund better-sqlite3 >better-sqlite3.log 2>&1); then
    echo "better-sqlite3 cannot be installed here"
  fi
  (cd "$folder" && cp "$root/tests/packages/npm.cjs" try.cjs && node try.cjs) || fail "the npm package does not work; it is in $folder"
  rm -rf "$folder"
}

# The dotnet tool in an empty folder, with a package cache of its own.
try_dotnet_tool() {
  local folder
  folder=$(mktemp -d)
  say "the dotnet tool in an empty folder"
  cp tests/fixtures/oversized.db "$folder/shop.db"
  printf '<configuration><packageSources><clear /><add key="made" value="%s" /></packageSources></configuration>\n' "$root/artifacts" >"$folder/nuget.config"
  (
    must cd "$folder"
    NUGET_PACKAGES=$folder/packages must dotnet tool install ChunkSync.Tool --version "$(product_version)" --tool-path tools --configfile nuget.config
    must ./tools/chunksync --version
    must ./tools/chunksync status shop.db
  ) || fail "the dotnet tool does not work; it is in $folder"
  rm -rf "$folder"
}
