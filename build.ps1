# Builds and tries ChunkSync on Windows: build.ps1 [run|test|bench|pack] [arguments]. Without a command: builds the library.
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

switch ($Command) {
    "" { Build-Library }
    "run" { Build-Library; Invoke-Checked "the sample" { dotnet run --project samples/MainJob -c Release -- (Resolve-Path $library) @Rest } }
    "test" {
        Build-Library
        foreach ($project in Get-ChildItem tests -Recurse -Filter *.Tests.csproj) {
            Invoke-Checked $project.Name { dotnet test $project.FullName -c Release -v quiet }
        }
    }
    "bench" { Build-Library; Invoke-Checked "the benchmarks" { dotnet run --project tests/ChunkSync.Bench -c Release -- (Resolve-Path $library) @Rest } }
    "pack" {
        Build-Library
        Invoke-Checked "packing" { dotnet pack src/ChunkSync/ChunkSync.csproj -c Release -o artifacts -v quiet }
        Compress-Archive -Force -Path LICENSE, THIRD-PARTY-NOTICES.txt, README.md, $library -DestinationPath "artifacts/chunksync-$rid.zip"
    }
    default { throw "build.ps1: unknown command $Command; use run, test, bench or pack" }
}
