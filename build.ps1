# Builds and tries ChunkSync on Windows: build.ps1 [run|test|soak|bench|tool|pack] [arguments]. Without a command: builds the library. The commands do
# what those of build.sh do. Windows has no SQLite of its own: tests run on the newest and the oldest that packages bring.
param([Parameter(Position = 0)][string]$Command = "", [Parameter(ValueFromRemainingArguments)][string[]]$Rest = @())
$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = "1"
$env:DOTNET_NOLOGO = "1"
$rid = if ([System.Runtime.InteropServices.RuntimeInformation]::OSArchitecture -eq "Arm64") { "win-arm64" } else { "win-x64" }
$library = "dist/$rid/chunksync.dll"

function Invoke-Checked([string]$what, [scriptblock]$body) {
    & $body
    if ($LASTEXITCODE -ne 0) { throw "build.ps1: $what failed" }
}

function Build-Library {
    if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) { throw "build.ps1: the .NET SDK 10 is needed: see https://dot.net" }
    Invoke-Checked "building the library (the C++ build tools of Visual Studio are needed)" {
        dotnet publish src/ChunkSync.Extension/ChunkSync.Extension.csproj -c Release -r $rid -o artifacts/native -v quiet
    }
    New-Item -ItemType Directory -Force "dist/$rid" | Out-Null
    Copy-Item -Force artifacts/native/ChunkSync.Extension.dll $library
    Get-Item $library
}

# The program, and SQLite's library beside it: there is no static one to put inside.
function Build-Tool {
    $aot = ([xml](Get-Content -Raw Directory.Build.props)).SelectSingleNode("//AotTfm").InnerText
    Invoke-Checked "building the program (the C++ build tools of Visual Studio are needed)" {
        dotnet publish src/ChunkSync.Tool/ChunkSync.Tool.csproj -f $aot -c Release -r $rid -o artifacts/tool-native -v quiet
    }
    $folder = "dist/$rid/bin"
    New-Item -ItemType Directory -Force $folder | Out-Null
    Copy-Item -Force artifacts/tool-native/ChunkSync.Tool.exe "$folder/chunksync.exe"
    Copy-Item -Force artifacts/tool-native/e_sqlite3.dll $folder
    Get-Item "$folder/*"
    Copy-Item -Force tests/fixtures/oversized.db artifacts/shop.db
    Invoke-Checked "chunksync --version" { & "./$folder/chunksync.exe" --version }
    Invoke-Checked "chunksync status" { & "./$folder/chunksync.exe" status artifacts/shop.db }
}

$onEverySqlite = "FullyQualifiedName~Fixture|FullyQualifiedName~.Tests.Sqlite.|FullyQualifiedName~.Capture.|FullyQualifiedName~InterruptionTests|FullyQualifiedName~.Cascade"
$counts = @{ Passed = 0; Failed = 0; Skipped = 0 }

function Start-Results {
    New-Item -ItemType Directory -Force artifacts/tests | Out-Null
    $env:CHUNKSYNC_EFFORTS = Join-Path (Resolve-Path artifacts/tests) "efforts.txt"
    Remove-Item -Force -ErrorAction SilentlyContinue $env:CHUNKSYNC_EFFORTS
    if (-not $env:CHUNKSYNC_SEED) { $env:CHUNKSYNC_SEED = "" + (Get-Random -Minimum 1) }
    "CHUNKSYNC_SEED=$env:CHUNKSYNC_SEED"
}

# One project on one SQLite; what failed is shown, and everything counted.
function Invoke-Tests([string]$project, [string]$sqlite, [string[]]$arguments) {
    $env:CHUNKSYNC_TEST_SQLITE = $sqlite
    "== $project, $sqlite SQLite"
    $output = dotnet test "tests/$project/$project.csproj" -c Release -v quiet --logger "console;verbosity=minimal" @arguments
    $summary = $output | Select-String "Failed: +(\d+), Passed: +(\d+), Skipped: +(\d+)"
    if ($LASTEXITCODE -ne 0 -or ($output -match "\[FAIL\]")) { $output }
    foreach ($line in $summary) {
        $line.Line
        $script:counts.Failed += [int]$line.Matches[0].Groups[1].Value
        $script:counts.Passed += [int]$line.Matches[0].Groups[2].Value
        $script:counts.Skipped += [int]$line.Matches[0].Groups[3].Value
    }
    if ($LASTEXITCODE -ne 0 -and -not ($summary -match "Failed: +[1-9]")) { $script:counts.Failed++ }
}

function Write-Results {
    if (Test-Path $env:CHUNKSYNC_EFFORTS) { "== tried"; Get-Content $env:CHUNKSYNC_EFFORTS | Sort-Object }
    "{0} passed, {1} failed, {2} skipped" -f $counts.Passed, $counts.Failed, $counts.Skipped
    if ($counts.Failed -ne 0 -or $counts.Passed -eq 0) { exit 1 }
}

switch ($Command) {
    "" { Build-Library }
    "run" { Build-Library; Invoke-Checked "the sample" { dotnet run --project samples/MainJob -c Release -- (Resolve-Path $library) @Rest } }
    "test" {
        Build-Library
        Start-Results
        Invoke-Checked "dotnet restore" { dotnet restore Extension.sln -v quiet }
        Invoke-Checked "dotnet format" { dotnet format Extension.sln --no-restore --verify-no-changes }
        Invoke-Tests "ChunkSync.Loaded.Tests" "newest" @()
        Invoke-Tests "ChunkSync.Client.Tests" "newest" @()
        Invoke-Tests "ChunkSync.Client.Oldest.Tests" "oldest" @()
        Invoke-Tests "ChunkSync.EntityFrameworkCore.Tests" "newest" @()
        Invoke-Tests "ChunkSync.EntityFrameworkCore.Oldest.Tests" "newest" @()
        Invoke-Tests "ChunkSync.Tests" "newest" @()
        Invoke-Tests "ChunkSync.Tests" "oldest" @("--filter", $onEverySqlite)
        Write-Results
    }
    "soak" {
        # soak [MINUTES [NAME]]: everything once, then the soak tests, or those whose name contains NAME, for the minutes.
        $minutes = if ($Rest.Count -gt 0) { [double]$Rest[0] } else { 30 }
        $filter = "Category=Soak"
        if ($Rest.Count -gt 1) { $filter += "&Soak~" + $Rest[1]; $env:CHUNKSYNC_SOAK_ONLY = $Rest[1] }
        Build-Library
        Start-Results
        if ($Rest.Count -lt 2) {
            Invoke-Tests "ChunkSync.Loaded.Tests" "newest" @("--filter", "Category!=Soak")
            foreach ($sqlite in "newest", "oldest") { Invoke-Tests "ChunkSync.Tests" $sqlite @("--filter", "Category!=Soak") }
        }
        $env:CHUNKSYNC_SOAK_MINUTES = "" + ($minutes / 3)
        $soak = @("--filter", $filter, "--", "xUnit.ParallelizeTestCollections=false")
        Invoke-Tests "ChunkSync.Loaded.Tests" "newest" $soak
        foreach ($sqlite in "newest", "oldest") { Invoke-Tests "ChunkSync.Tests" $sqlite $soak }
        Write-Results
    }
    "bench" { Build-Library; Invoke-Checked "the benchmarks" { dotnet run --project tests/ChunkSync.Bench -c Release -- (Resolve-Path $library) @Rest } }
    "tool" { Build-Tool }
    "pack" {
        Build-Library
        Invoke-Checked "packing" { dotnet pack src/ChunkSync.Client/ChunkSync.Client.csproj -c Release -o artifacts -v quiet }
        Invoke-Checked "packing" { dotnet pack src/ChunkSync.EntityFrameworkCore/ChunkSync.EntityFrameworkCore.csproj -c Release -o artifacts -v quiet }
        Invoke-Checked "packing" { dotnet pack src/ChunkSync.Tool/ChunkSync.Tool.csproj -c Release -o artifacts -v quiet }
        Compress-Archive -Force -Path LICENSE, THIRD-PARTY-NOTICES.txt, README.md, $library -DestinationPath "artifacts/chunksync-$rid.zip"
    }
    default { throw "build.ps1: unknown command $Command; use run, test, soak, bench, tool or pack" }
}
